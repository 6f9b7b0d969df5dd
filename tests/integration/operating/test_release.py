"""After a restore no issue is sent before a person has looked."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter import migrations
from newsletter.maintenance import backup, journals, restoring
from newsletter.model.act import ActKind
from newsletter.model.actor import MACHINE, Actor, Role
from newsletter.model.next_step import ReleaseSending
from newsletter.pipeline.report import Level, Line
from newsletter.store import acts
from newsletter.store.acts import ActFilter
from newsletter.usecases import sending
from newsletter.usecases.sending import SendingHeld
from tests.fakes.house import MONDAY, STAFF, House, article, house, leave_all, reopened


def restored(root: Path) -> House:
    """Back up an approved issue, let Ann unsubscribe, and restore the copy."""
    with house(root) as before:
        before.pass_at(MONDAY - timedelta(days=3))
        before.pass_at(MONDAY - timedelta(days=1))
        before.approve()
        backup.backup(before.app.engine, root / "copy.db")
        leave_all(before, "ann@example.org")
        files = before.app.journals
        url = before.app.settings.database_url
    restoring.restore(
        root / "copy.db", url, migrations.upgrade, lambda engine: journals.replay_all(engine, files)
    )
    return reopened(root, MONDAY)


def held(report: list[Line]) -> list[Line]:
    return [line for line in report if line.next_step == ReleaseSending()]


def test_a_restored_database_sends_no_issue_until_it_is_released(tmp_path: Path) -> None:
    after = restored(tmp_path)
    report = after.pass_at(MONDAY + timedelta(minutes=1))
    assert [line.level for line in held(report)] == [Level.WAITS]
    assert after.mails() == []
    with pytest.raises(SendingHeld, match="restored"):
        sending.send(after.app.context, STAFF, 1, at_once=True)
    with pytest.raises(SendingHeld):
        sending.submit(after.app.context, MACHINE)
    assert sending.release(after.app.context, STAFF)
    assert not sending.release(after.app.context, STAFF)
    with after.app.engine.connect() as connection:
        released = acts.listed(connection, ActFilter(kind=ActKind.SENDING_RELEASED.value))
    assert [str(row.act.actor) for row in released] == [str(STAFF)]
    report = after.pass_at(MONDAY + timedelta(minutes=2))
    assert held(report) == []
    recipients = "".join(
        path.read_text()
        for path in (tmp_path / "outbox").glob("*.eml")
        if "notice" not in path.name
    )
    assert "bob@example.org" in recipients
    assert "ann@example.org" not in recipients
    after.app.close()


def test_only_an_admin_releases_it(tmp_path: Path) -> None:
    with house(tmp_path) as opened, pytest.raises(Exception, match="not permitted"):
        sending.release(opened.app.context, Actor.person("ed", Role.APPROVER))


def test_a_copied_folder_sends_no_issue_until_it_is_released(tmp_path: Path) -> None:
    """For example a copy for tests: both have the same subscribers and the same next issue."""
    with house(tmp_path / "first") as first:
        first.pass_at(MONDAY - timedelta(days=1))
        first.approve()
        first.pass_at(MONDAY)
        article(first.root, "third", "ships")
        first.pass_at(MONDAY + timedelta(days=6))
        first.approve(2)
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    next_monday = MONDAY + timedelta(days=7)
    second = reopened(tmp_path / "second", next_monday)
    before = second.mails()
    (line,) = held(second.pass_at(next_monday))
    assert (line.level, "was copied here" in line.message) == (Level.WAITS, True)
    assert second.mails() == before
    assert sending.release(second.app.context, STAFF)
    assert held(second.pass_at(next_monday)) == []
    assert len(second.mails()) > len(before)
    second.app.close()


def test_a_folder_that_is_only_renamed_or_has_sent_nothing_is_not_held(tmp_path: Path) -> None:
    with house(tmp_path / "first") as first:
        first.pass_at(MONDAY - timedelta(days=1))
        first.approve()
    shutil.copytree(tmp_path / "first", tmp_path / "second")
    second = reopened(tmp_path / "second", MONDAY)
    assert held(second.pass_at(MONDAY)) == []
    assert second.mails()
    second.app.close()
    (tmp_path / "second").rename(tmp_path / "third")
    third = reopened(tmp_path / "third", MONDAY + timedelta(days=7))
    assert held(third.pass_at(third.at)) == []
    third.app.close()
