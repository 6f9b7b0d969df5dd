"""Count the rows behind the counters of reports. It reads whole tables: for checks, never for a page."""

from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa

from newsletter.model.engagement import Judgment
from newsletter.model.tally import TALLIED, Axis
from newsletter.store import marks
from newsletter.store.bulk import among
from newsletter.store.counting.tables import tallies
from newsletter.store.engagement_tables import engagement_hours, engagements
from newsletter.store.marks import Mark
from newsletter.store.sending import partitions
from newsletter.store.sending.reports import COUNTED
from newsletter.store.tables import batches, deliveries, events, issues

Counts = dict[tuple[int, str], int]
"""Numbers by issue, and by kind of event or state."""


def of_events(connection: sa.Connection) -> Counts:
    """Count the events that are kept, by issue and kind."""
    query = (
        sa.select(events.c.issue_id, events.c.kind, sa.func.count())
        .where(events.c.issue_id.is_not(None), events.c.kind.in_(_kinds()))
        .group_by(events.c.issue_id, events.c.kind)
    )
    return _counts(connection, query)


def of_tallies(connection: sa.Connection, axis: Axis = Axis.HOUR) -> Counts:
    """Return what the tallies say about events, by issue and kind."""
    query = (
        sa.select(tallies.c.issue_id, tallies.c.kind, sa.func.sum(tallies.c.number))
        .where(tallies.c.axis == axis.value, tallies.c.kind.in_(_kinds()))
        .group_by(tallies.c.issue_id, tallies.c.kind)
    )
    return _counts(connection, query)


def complete_issues(connection: sa.Connection) -> set[int]:
    """Return the issues of which no event was deleted by retention."""
    purged = marks.read(connection, Mark.EVENTS_PURGED)
    since = (
        datetime.fromtimestamp(purged * 60, UTC)
        if purged
        else connection.scalar(sa.select(sa.func.min(events.c.at)))
    )
    if since is None:
        return set()
    return set(connection.scalars(sa.select(issues.c.id).where(issues.c.frozen_at >= since)))


def of_deliveries(connection: sa.Connection) -> Counts:
    """Count deliveries by issue and reported state."""
    d = deliveries.c
    counted = sa.select(d.issue_id, d.state, sa.func.count())
    reported = d.state.in_([state.value for state in COUNTED])
    rows = partitions.rows_of(
        connection,
        partitions.kept(connection),
        lambda part: counted.where(d.issue_id.in_(part), reported).group_by(d.issue_id, d.state),
    )
    return {(row[0], row[1]): int(row[2]) for row in rows}


def of_engagements(connection: sa.Connection) -> Counts:
    """Count the opens and clicks that are decided, by issue and kind, and those by people."""
    e = engagements.c
    human = sa.func.sum(sa.case((e.rule == Judgment.HUMAN.value, 1), else_=0))
    query = (
        sa.select(e.issue_id, e.kind, sa.func.count(), human)
        .where(e.rule.is_not(None))
        .group_by(e.issue_id, e.kind)
    )
    return _raw_and_human(connection, query)


def of_engagement_hours(connection: sa.Connection) -> Counts:
    """Return what the counters say about opens and clicks, of the issues that have such rows."""
    h = engagement_hours.c
    query = (
        sa.select(h.issue_id, h.kind, sa.func.sum(h.raw), sa.func.sum(h.human))
        .where(h.issue_id.in_(sa.select(engagements.c.issue_id)))
        .group_by(h.issue_id, h.kind)
    )
    return _raw_and_human(connection, query)


def _raw_and_human(connection: sa.Connection, query: sa.Select[int, str, int, int]) -> Counts:
    found: Counts = {}
    for issue_id, kind, raw, human in connection.execute(query):
        found[issue_id, kind] = int(raw)
        found[issue_id, f"{kind} by people"] = int(human)
    return found


def of_batches(connection: sa.Connection) -> Counts:
    """Return what batches say about reported states, of the issues whose deliveries are kept."""
    kept = partitions.kept(connection)
    sums = [sa.func.sum(batches.c[state.value]) for state in COUNTED]
    query = (
        sa.select(batches.c.issue_id, *sums)
        .where(among(connection, batches.c.issue_id, kept))
        .group_by(batches.c.issue_id)
    )
    return dict(_by_state(connection, query))


def _by_state(
    connection: sa.Connection, query: sa.Select[*tuple[int, ...]]
) -> Iterator[tuple[tuple[int, str], int]]:
    for issue_id, *numbers in connection.execute(query):
        for state, number in zip(COUNTED, numbers, strict=True):
            if number:
                yield (issue_id, state.value), int(number)


def _counts(connection: sa.Connection, query: sa.Select[int, str, int]) -> Counts:
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}


def _kinds() -> list[str]:
    return sorted(kind.value for kind in TALLIED)
