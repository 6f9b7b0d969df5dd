"""Two processes may write a row for the first time at the same moment."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from newsletter.model.source import SeenEntry, SourceState
from newsletter.store import marks
from newsletter.store.content import source_pauses, sources
from newsletter.store.content.source_pauses import SourcePause
from newsletter.store.marks import Mark
from tests.fakes.concurrently import concurrently

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
ENTRY = SeenEntry("guid-1", "f")
PAUSE = SourcePause("desk", NOON, "person:ada", "")
WRITES: list[Callable[[sa.Connection], object]] = [
    lambda connection: marks.write(connection, Mark.WATCHED, 7),
    lambda connection: sources.save(connection, SourceState("desk")),
    lambda connection: sources.remember(connection, "desk", ENTRY, NOON),
    lambda connection: source_pauses.put(connection, PAUSE),
]


@pytest.mark.parametrize("write", WRITES, ids=["mark", "state", "entry", "pause"])
def test_the_second_of_two_first_writes_does_not_fail(
    pg_engine: sa.Engine, write: Callable[[sa.Connection], object]
) -> None:
    def beside() -> object:
        with pg_engine.begin() as connection:
            return write(connection)

    with pg_engine.connect() as connection:
        first = write(connection)
        with concurrently(pg_engine, beside) as other:
            connection.commit()
    assert other.error is None
    assert (first, other.result) in {(None, None), (True, False)}


def test_a_second_write_replaces_the_first(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        for at in (7, 9):
            marks.write(connection, Mark.WATCHED, at)
        for entry in (ENTRY, SeenEntry("guid-1", "g", article_id=3)):
            sources.remember(connection, "desk", entry, NOON)
        for etag in ("a", "b"):
            sources.save(connection, SourceState("desk", etag=etag))
    with engine.connect() as connection:
        assert marks.read(connection, Mark.WATCHED) == 9
        assert sources.entries(connection, "desk", ["guid-1"])["guid-1"].article_id == 3
        assert sources.first_seen(connection, "desk") == {"guid-1": NOON}
        assert sources.states(connection)["desk"].etag == "b"
