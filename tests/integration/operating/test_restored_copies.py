"""A database that was put back by any means sends nothing twice, and says what it has forgotten."""

import shutil
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.model.actor import Actor
from newsletter.pipeline.report import Level, Line
from newsletter.usecases import reviewing
from tests.fakes.house import MONDAY, House, house, reopened

ADA = Actor.person("ada")


def backup(root: Path) -> None:
    with (
        closing(sqlite3.connect(root / "newsletter.db")) as present,
        closing(sqlite3.connect(root / "copy")) as copy,
    ):
        present.backup(copy)


def put_back(opened: House) -> House:
    """Put the copy back by hand, and open the publication again."""
    opened.app.close()
    for ending in ("-wal", "-shm"):
        (opened.root / f"newsletter.db{ending}").unlink(missing_ok=True)
    shutil.copyfile(opened.root / "copy", opened.root / "newsletter.db")
    return reopened(opened.root, opened.at)


def messages(lines: list[Line], level: Level) -> str:
    return "\n".join(line.message for line in lines if line.level is level)


@pytest.mark.parametrize("backed_up", ["before the draft", "in review", "approved"])
def test_an_issue_that_was_sent_is_not_sent_by_a_restored_database(
    tmp_path: Path, backed_up: str
) -> None:
    with house(tmp_path) as opened:
        if backed_up == "before the draft":
            backup(tmp_path)
        opened.pass_at(MONDAY - timedelta(days=1))
        if backed_up == "in review":
            backup(tmp_path)
        reviewing.approve(opened.app.context, ADA, 1)
        if backed_up == "approved":
            backup(tmp_path)
        opened.pass_at(MONDAY)
        sent = {path: path.read_bytes() for path in opened.app.settings.outbox.glob("*.eml")}
        assert [path for path in sent if path.name.startswith("1-")]
        again = put_back(opened)
        lines = again.pass_at(MONDAY + timedelta(minutes=1))
        lines += again.pass_at(MONDAY + timedelta(minutes=2))
        found = {path: path.read_bytes() for path in again.app.settings.outbox.glob("*.eml")}
        assert {path for path in found if "notice" not in path.name} == {
            path for path in sent if "notice" not in path.name
        }
        # Articles that the database does not know need a person.
        level = Level.WAITS if backed_up == "before the draft" else Level.OK
        assert "before the database was restored" in messages(lines, level), lines
        if backed_up != "approved":
            assert "issue approved: issue 1, by ada" in messages(lines, Level.WAITS)
        assert again.issues()[0].state == "submitted"
        again.app.close()
