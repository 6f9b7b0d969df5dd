"""After a restore no issue is sent before a person has looked."""

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
from tests.fakes.house import MONDAY, STAFF, House, house, leave_all, reopened


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
