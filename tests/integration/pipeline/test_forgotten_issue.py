"""An issue that went out after the backup from which the database was restored."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.errors import NotAllowed
from newsletter.maintenance import backup
from newsletter.store.content import issues
from newsletter.usecases import drafting
from tests.fakes.house import MONDAY, STAFF, House, article, house, reopened


def copy_back(root: Path) -> None:
    """Put the copy in the place of the database, as a person with `cp` would."""
    shutil.copy(root / "copy.db", root / "newsletter.db")
    for ending in ("-wal", "-shm"):
        (root / f"newsletter.db{ending}").unlink(missing_ok=True)


def printed(opened: House, issue_id: int) -> list[str]:
    """Return the titles that an issue prints."""
    with opened.app.reader.connect() as connection:
        items = issues.load_items(connection, issue_id)
    return [item.title for item in items if item.included]


def test_its_articles_are_not_printed_again_and_it_is_not_corrected(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        opened.pass_at(MONDAY - timedelta(days=3))
        backup.backup(opened.app.engine, tmp_path / "copy.db")
        opened.pass_at(MONDAY - timedelta(days=1))
        before = printed(opened, 1)
        opened.approve()
        opened.pass_at(MONDAY)
        assert opened.issues()[0].state == "submitted"
        assert len(before) == 2
    copy_back(tmp_path)
    article(tmp_path, "third", "ships")
    again = reopened(tmp_path, MONDAY)
    again.pass_at(MONDAY + timedelta(hours=1))
    again.pass_at(MONDAY + timedelta(days=6))
    old, new = again.issues()
    assert (old.id, old.state) == (1, "submitted")
    assert printed(again, old.id) == before
    assert printed(again, new.id) == ["About ships and third"]
    with pytest.raises(NotAllowed, match="does not know the recipients of issue 1: was submitted"):
        drafting.correct(again.app.context, STAFF, 1)
    again.app.close()
