"""The copy of decisions beside the database keeps what is compared, and not more."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from newsletter.maintenance.history import FILE, KEPT, SLACK, History
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import MACHINE
from newsletter.store import acts

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
OLD = NOON - KEPT - timedelta(days=1)


def old_lines(number: int) -> str:
    line = {"epoch": "x", "key": "act 1", "at": OLD.isoformat(), "message": "approved"}
    return f"{json.dumps(line)}\n" * number


def test_old_decisions_are_deleted_once_they_are_many(
    sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    copy, history = tmp_path / FILE, History(tmp_path)
    copy.write_text(old_lines(SLACK - 1))
    with sqlite_engine.begin() as connection:
        acts.record(connection, Act(NOON, MACHINE, ActKind.APPROVED, 1))
        history.check(connection, NOON)
        assert len(copy.read_text().splitlines()) == SLACK
        copy.write_text(old_lines(1) + copy.read_text())
        assert history.check(connection, NOON) == []
        (kept,) = copy.read_text().splitlines()
        assert json.loads(kept)["at"] == NOON.isoformat()
        assert not history.compare(connection, NOON).differ
    assert [path.name for path in tmp_path.iterdir() if FILE in path.name] == [FILE]
