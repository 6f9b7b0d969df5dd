"""Keep the counters of reports small, and compare them with the rows that they count."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from newsletter.store.counting import counted_rows, recounting, tallies
from newsletter.store.counting.counted_rows import Counts
from newsletter.store.database import snapshot
from newsletter.store.people.retention import purged_issues
from newsletter.store.sending import engagements

DELIVERIES, EVENTS, ENGAGEMENTS = "deliveries", "events", "opens and clicks"


@dataclass(frozen=True, slots=True)
class WrongCounter:
    """A counter of an issue that differs from the number of its rows."""

    what: str
    issue_id: int
    kind: str
    counted: int
    found: int

    @property
    def sentence(self) -> str:
        """Describe it."""
        number = f"{self.counted:,} {self.what} are counted as {self.kind}"
        return f"issue {self.issue_id}: {number}, but there are {self.found:,}"


def fold(engine: sa.Engine) -> int:
    """Fold the counters of every issue that has many rows; return how many issues.

    Each issue has its own transaction. A kill between two of them loses and doubles nothing.
    """
    with engine.connect() as connection:
        long = tallies.long(connection)
    number = 0
    for issue_id in long:
        with engine.begin() as connection:
            number += tallies.fold(connection, issue_id)
    return number


def problems(engine: sa.Engine) -> list[str]:
    """Compare every counter with its rows; return a sentence for each difference."""
    return [wrong.sentence for wrong in _wrong(engine)[0]]


def repair(engine: sa.Engine) -> tuple[int, list[str]]:
    """Count again what differs from its rows; return how many counters, and what still differs.

    Each issue has its own transaction. The events of an issue of which retention deleted some cannot
    be counted again.
    """
    found, complete = _wrong(engine)
    for issue_id, what in sorted({(wrong.issue_id, wrong.what) for wrong in found}):
        with engine.begin() as connection:
            recounting.lock(connection)
            if what == DELIVERIES:
                recounting.recount_batches(connection, issue_id)
            elif what == ENGAGEMENTS:
                engagements.recount(connection, issue_id)
            elif issue_id in complete:
                recounting.recount_tallies(connection, issue_id)
    left = problems(engine)
    return len(found) - len(left), left


def _wrong(engine: sa.Engine) -> tuple[list[WrongCounter], set[int]]:
    """Return the counters that differ, and the issues of which all events are kept."""
    with snapshot(engine) as connection:
        deliveries = counted_rows.of_deliveries(connection)
        batches = counted_rows.of_batches(connection)
        events = counted_rows.of_events(connection)
        tallied = counted_rows.of_tallies(connection)
        opened = counted_rows.of_engagements(connection)
        counted = counted_rows.of_engagement_hours(connection)
        complete = counted_rows.complete_issues(connection)
        purged = purged_issues(connection)
    # Retention deletes events, but not what was counted: of older issues there may be fewer.
    expected = {
        key: events.get(key, 0) if key[0] in complete else max(events.get(key, 0), number)
        for key, number in tallied.items()
    }
    return [
        *_differences(DELIVERIES, deliveries, batches, purged),
        *_differences(EVENTS, events | expected, tallied),
        *_differences(ENGAGEMENTS, opened, counted, purged),
    ], complete


def _differences(
    what: str,
    rows: Counts,
    counters: Mapping[tuple[int, str], int],
    purged: Collection[int] = (),
) -> Iterator[WrongCounter]:
    for issue_id, kind in sorted(rows.keys() | counters.keys()):
        if issue_id in purged:
            continue
        found, counted = rows.get((issue_id, kind), 0), counters.get((issue_id, kind), 0)
        if found != counted:
            yield WrongCounter(what, issue_id, kind, counted, found)
