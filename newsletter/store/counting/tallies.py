"""Write and add up tallies: rows are only added, and later folded into one row per counter."""

from collections import Counter
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from newsletter.model.event import EventKind
from newsletter.model.tally import Axis, EventTally
from newsletter.store.counting.tables import tallies

FOLD_AFTER = 2_000
"""Rows of an issue after which they are folded."""


def add(connection: sa.Connection, found: Sequence[EventTally]) -> None:
    """Add to the counters, in the transaction that records what is counted."""
    if found:
        connection.execute(tallies.insert(), [_values(tally) for tally in found])


def of(connection: sa.Connection, issue_id: int, axis: Axis) -> dict[tuple[str, EventKind], int]:
    """Return the counters of an issue along an axis."""
    query = (
        sa.select(tallies.c.value, tallies.c.kind, sa.func.sum(tallies.c.number))
        .where(tallies.c.issue_id == issue_id, tallies.c.axis == axis.value)
        .group_by(tallies.c.value, tallies.c.kind)
    )
    return {(row[0], EventKind(row[1])): int(row[2]) for row in connection.execute(query)}


def totals(connection: sa.Connection, issues: Collection[int]) -> dict[int, dict[EventKind, int]]:
    """Return the number of events of each kind, by issue."""
    query = (
        sa.select(tallies.c.issue_id, tallies.c.kind, sa.func.sum(tallies.c.number))
        .where(tallies.c.issue_id.in_(issues), tallies.c.axis == Axis.HOUR.value)
        .group_by(tallies.c.issue_id, tallies.c.kind)
    )
    found: dict[int, dict[EventKind, int]] = {issue_id: {} for issue_id in issues}
    for issue_id, kind, number in connection.execute(query):
        found[issue_id][EventKind(kind)] = int(number)
    return found


def long(connection: sa.Connection) -> list[int]:
    """Return the issues with many rows."""
    query = sa.select(tallies.c.issue_id).group_by(tallies.c.issue_id)
    return list(connection.scalars(query.having(sa.func.count() > FOLD_AFTER)))


def fold(connection: sa.Connection, issue_id: int) -> bool:
    """Replace the rows of an issue by one per counter; return whether that made them fewer.

    Rows that another transaction adds or folds at the same time stay as they are.
    """
    rows = sa.select(tallies).where(tallies.c.issue_id == issue_id).order_by(tallies.c.id)
    found = connection.execute(rows.with_for_update(skip_locked=True)).all()
    sums: Counter[tuple[str, str, str]] = Counter()
    for row in found:
        sums[row.axis, row.value, row.kind] += row.number
    if len(sums) == len(found):
        return False
    folded = tallies.delete().where(tallies.c.id == sa.bindparam("of_id"))
    connection.execute(folded, [{"of_id": row.id} for row in found])
    add(
        connection,
        [
            EventTally(issue_id, Axis(axis), value, EventKind(kind), number)
            for (axis, value, kind), number in sorted(sums.items())
        ],
    )
    return True


def _values(tally: EventTally) -> dict[str, object]:
    return {
        "issue_id": tally.issue_id,
        "axis": tally.axis.value,
        "value": tally.value,
        "kind": tally.kind.value,
        "number": tally.number,
    }
