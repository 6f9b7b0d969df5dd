"""Write the counters of reports from the rows that they count: for repairs only, it reads whole issues."""

from collections import Counter
from collections.abc import Iterator

import sqlalchemy as sa

from newsletter.model.event import EventKind
from newsletter.model.tally import TALLIED, Axis, EventTally, Happened, tallied
from newsletter.store.content import issues
from newsletter.store.counting import domains
from newsletter.store.counting import tallies as store
from newsletter.store.counting.tables import tallies
from newsletter.store.database import is_sqlite
from newsletter.store.sending.reports import COUNTED
from newsletter.store.tables import batches, deliveries, events
from subscribers.audience import domains as addresses

AT_ONCE = 5_000
"""Events that are in memory at a time."""


def lock(connection: sa.Connection) -> None:
    """Let no other process record an event until the transaction ends; SQLite does so anyway."""
    if not is_sqlite(connection):
        connection.exec_driver_sql("LOCK TABLE events, tallies IN SHARE ROW EXCLUSIVE MODE")


def recount_batches(connection: sa.Connection, issue_id: int) -> None:
    """Count the reported states of each batch of an issue from its deliveries."""
    d, b = deliveries.c, batches.c
    of_batch = sa.and_(d.issue_id == issue_id, d.seq.between(b.first_seq, b.last_seq))
    counts = {
        state.value: sa.select(sa.func.count())
        .select_from(deliveries)
        .where(of_batch, d.state == state.value)
        .correlate(batches)
        .scalar_subquery()
        for state in COUNTED
    }
    connection.execute(batches.update().where(b.issue_id == issue_id).values(counts))


def recount_tallies(connection: sa.Connection, issue_id: int) -> None:
    """Count the events of an issue by the hour and by the receiving domain.

    The address of a person who was erased is not known, so their events count for the other domains.
    """
    kinds = sorted(kind.value for kind in TALLIED)
    connection.execute(
        tallies.delete().where(tallies.c.issue_id == issue_id, tallies.c.kind.in_(kinds))
    )
    began = issues.began(connection, [issue_id])
    sums: Counter[tuple[Axis, str, EventKind]] = Counter()
    for happened in _happened(connection, issue_id, kinds):
        for tally in tallied(happened, began):
            sums[tally.axis, tally.value, tally.kind] += tally.number
    store.add(
        connection, [EventTally(issue_id, *key, number) for key, number in sorted(sums.items())]
    )


def _happened(
    connection: sa.Connection, issue_id: int, kinds: list[str]
) -> Iterator[Counter[Happened]]:
    named = domains.counted(connection, issue_id)
    e = events.c
    query = sa.select(e.kind, e.at, e.subscriber_id).where(
        e.issue_id == issue_id, e.kind.in_(kinds)
    )
    rows = connection.execute(query.execution_options(yield_per=AT_ONCE))
    for part in rows.partitions():
        people = addresses.of(connection, {row.subscriber_id for row in part} - {None})
        found = ((row, people.get(row.subscriber_id, "")) for row in part)
        yield Counter(
            Happened(
                issue_id, EventKind(row.kind), row.at, name if name in named else domains.OTHERS
            )
            for row, name in found
        )
