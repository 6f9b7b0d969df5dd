"""The growth of newsletters by UTC day: each day is written once, in one transaction."""

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa

from newsletter.store.counting.tables import growth_days
from newsletter.store.database import upsert

AGE, TOPIC, SILENT = "age", "topic", "silent"
"""The kinds of rows that describe all subscribers as of a day; the others are changes."""
_COUNTED = "counted"
_g = growth_days.c


def yesterday(now: datetime) -> date:
    """Return the last UTC day that is over."""
    return now.astimezone(UTC).date() - timedelta(days=1)


def is_due(connection: sa.Connection, now: datetime) -> bool:
    """Return whether a day is over that was not counted."""
    last = last_day(connection)
    return last is None or last < yesterday(now)


def last_day(connection: sa.Connection) -> date | None:
    """Return the last day that was counted."""
    return _day(connection, sa.func.max(_g.day))


def first_day(connection: sa.Connection) -> date | None:
    """Return the first day that was counted."""
    return _day(connection, sa.func.min(_g.day))


def store(
    connection: sa.Connection, day: date, numbers: Mapping[tuple[str, str, str], int]
) -> bool:
    """Store the numbers of a day by newsletter, kind and value; return False if it was counted."""
    claim = {"newsletter": "", "day": day.isoformat(), "kind": _COUNTED, "value": "", "number": 0}
    claimed = upsert(connection, growth_days).values(claim).on_conflict_do_nothing()
    if connection.scalar(claimed.returning(_g.day)) is None:
        return False
    rows = [
        {**claim, "newsletter": key, "kind": kind, "value": value, "number": number}
        for (key, kind, value), number in sorted(numbers.items())
        if key and (number > 0 or kind == SILENT)
    ]
    if rows:
        connection.execute(growth_days.insert(), rows)
    return True


def months(
    connection: sa.Connection, newsletter: str, since: date, undone: Collection[str]
) -> dict[tuple[str, str], int]:
    """Return the changes by month (2026-11) and kind, without those of undone imports."""
    month = sa.func.substr(_g.day, 1, len("2026-11")).label("month")
    changes = (
        sa.select(month, _g.kind, _g.number)
        .where(
            _g.newsletter == newsletter,
            _g.day >= since.isoformat(),
            _g.kind.not_in((AGE, TOPIC, SILENT)),
            _g.value.not_in(undone),
        )
        .subquery()
    )
    c = changes.c
    query = sa.select(c.month, c.kind, sa.func.sum(c.number)).group_by(c.month, c.kind)
    return {(row[0], row[1]): int(row[2]) for row in connection.execute(query)}


def latest(connection: sa.Connection, newsletter: str, kind: str) -> Counter[str]:
    """Return the numbers of a kind as of the last day on which they were counted, by value."""
    mine = (_g.newsletter == newsletter, _g.kind == kind)
    day = sa.select(sa.func.max(_g.day)).where(*mine).scalar_subquery()
    query = sa.select(_g.value, _g.number).where(*mine, _g.day == day)
    return Counter({row[0]: row[1] for row in connection.execute(query)})


def _day(connection: sa.Connection, which: sa.ColumnElement[str]) -> date | None:
    found = connection.scalar(sa.select(which).where(_g.newsletter == "", _g.kind == _COUNTED))
    return date.fromisoformat(found) if found else None
