"""Keep the counters of reports small, and compare them with the rows that they count."""

from collections.abc import Iterator, Mapping

import sqlalchemy as sa

from newsletter.store.counting import counted_rows, tallies
from newsletter.store.counting.counted_rows import Counts
from newsletter.store.database import snapshot


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
    with snapshot(engine) as connection:
        deliveries = counted_rows.of_deliveries(connection)
        batches = counted_rows.of_batches(connection)
        events = counted_rows.of_events(connection)
        tallied = counted_rows.of_tallies(connection)
        complete = counted_rows.complete_issues(connection)
    # Retention deletes events, but not what was counted: of older issues there may be fewer.
    expected = {
        key: events.get(key, 0) if key[0] in complete else max(events.get(key, 0), counted)
        for key, counted in tallied.items()
    }
    return [
        *_differences("deliveries", deliveries, batches),
        *_differences("events", events | expected, tallied),
    ]


def _differences(what: str, rows: Counts, counters: Mapping[tuple[int, str], int]) -> Iterator[str]:
    for issue_id, kind in sorted(rows.keys() | counters.keys()):
        found, counted = rows.get((issue_id, kind), 0), counters.get((issue_id, kind), 0)
        if found != counted:
            yield f"issue {issue_id}: {counted:,} {what} are counted as {kind}, but there are {found:,}"
