"""Opens and clicks: one row each, and the counters that are written with what is decided."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby, islice
from typing import Any

import sqlalchemy as sa

from newsletter.model.engagement import (
    Engagement,
    EngagementHour,
    EngagementTotal,
    Judgment,
    totals,
    whole_hour,
)
from newsletter.model.event import EventKind
from newsletter.store.bulk import insert_new
from newsletter.store.database import for_each_dialect, is_sqlite
from newsletter.store.engagement_tables import engagement_hours, engagement_totals, engagements
from newsletter.store.tables import issues

_DECIDING = 20_261_128
"""The advisory lock on PostgreSQL of the one process that decides. Any fixed number works."""


RECOUNTED = 1_000
"""Emails whose opens and clicks are in memory at a time."""


def add(connection: sa.Connection, found: Iterable[Engagement]) -> set[str]:
    """Store engagements that are not decided; return the ids of those that were not known."""
    return insert_new(connection, engagements, _KEPT, list(map(_values, found)))


def crowded(
    connection: sa.Connection, issue_id: int, numbers: Collection[int], most: int
) -> set[int]:
    """Return those of these deliveries of which at least `most` engagements are stored."""
    seq = engagements.c.seq
    query = (
        sa.select(seq)
        .where(engagements.c.issue_id == issue_id, seq.in_(numbers))
        .group_by(seq)
        .having(sa.func.count() >= most)
    )
    return set(connection.scalars(query))


def lock_deciding(connection: sa.Connection) -> None:
    """Let one process decide at a time; on SQLite, the transaction has done so."""
    if not is_sqlite(connection):
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_DECIDING)))


def any_undecided(connection: sa.Connection, before: datetime) -> bool:
    """Return whether something from before a time is not decided."""
    query = sa.select(engagements.c.id).where(*_undecided(before)).limit(1)
    return connection.scalar(query) is not None


def undecided(connection: sa.Connection, before: datetime, limit: int) -> list[Engagement]:
    """Return the oldest engagements from before a time that are not decided."""
    query = sa.select(engagements).where(*_undecided(before)).order_by(engagements.c.at)
    return [_read(row) for row in connection.execute(query.limit(limit)).mappings()]


def of_emails(
    connection: sa.Connection, issue_id: int, numbers: Collection[int]
) -> dict[int, list[Engagement]]:
    """Return everything about these deliveries of an issue, oldest first."""
    query = (
        sa.select(engagements)
        .where(engagements.c.issue_id == issue_id, engagements.c.seq.in_(numbers))
        .order_by(engagements.c.at, engagements.c.id)
    )
    found: dict[int, list[Engagement]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["seq"], []).append(_read(row))
    return found


def decide(
    connection: sa.Connection,
    issue_id: int,
    decided: Sequence[tuple[Sequence[Engagement], Sequence[Engagement]]],
) -> None:
    """Store what was decided about an issue, and its counters with it.

    Each pair is all that is known of one email, before and after; engagements that name no one are
    a pair each. The caller holds the lock of `lock_deciding`.
    """
    changed = [
        {"of_id": each.id, "now_rule": each.judgment}
        for before, after in decided
        for was, each in zip(before, after, strict=True)
        if was.judgment is not each.judgment
    ]
    if not changed:
        return
    connection.execute(_DECIDED, changed)
    _count_totals(connection, issue_id, decided)
    _count_hours(connection, issue_id, decided)


def _count_totals(
    connection: sa.Connection,
    issue_id: int,
    decided: Iterable[tuple[Sequence[Engagement], Sequence[Engagement]]],
) -> None:
    changes: dict[tuple[int, EventKind, int], list[int]] = {}
    for before, after in decided:
        for sign, counted in ((-1, totals(before)), (1, totals(after))):
            for key, numbers in counted.items():
                row = changes.setdefault(key, [0] * len(_TOTALS))
                for place, number in enumerate(numbers):
                    row[place] += sign * number
    rows = [
        {
            "issue_id": issue_id,
            "edition_id": edition_id,
            "kind": kind.value,
            "link": link,
            **dict(zip(_TOTALS, numbers, strict=True)),
        }
        for (edition_id, kind, link), numbers in sorted(changes.items())
        if any(numbers)
    ]
    if rows:
        connection.execute(_TOTALLED[connection.dialect.name], rows)


def _count_hours(
    connection: sa.Connection,
    issue_id: int,
    decided: Iterable[tuple[Sequence[Engagement], Sequence[Engagement]]],
) -> None:
    raw: Counter[tuple[EventKind, datetime]] = Counter()
    human: Counter[tuple[EventKind, datetime]] = Counter()
    for before, after in decided:
        for was, each in zip(before, after, strict=True):
            key = (each.kind, whole_hour(each.at))
            raw[key] += was.judgment is None
            human[key] += each.human - was.human
    rows = [
        {
            "issue_id": issue_id,
            "kind": kind.value,
            "hour": hour,
            "raw": raw[kind, hour],
            "human": human[kind, hour],
        }
        for kind, hour in sorted(raw)
    ]
    connection.execute(_HOURLY[connection.dialect.name], rows)


def recount(connection: sa.Connection, issue_id: int) -> None:
    """Write the counters of an issue from its rows; the caller keeps other processes from deciding."""
    lock_deciding(connection)
    for table in (engagement_totals, engagement_hours):
        connection.execute(table.delete().where(table.c.issue_id == issue_id))
    e = engagements.c
    query = sa.select(engagements).where(e.issue_id == issue_id, e.rule.is_not(None))
    ordered = query.order_by(e.seq, e.id).execution_options(yield_per=RECOUNTED)
    rows = connection.execute(ordered)
    emails = groupby(map(_read, rows.mappings()), key=lambda each: each.seq or each.id)
    while part := [list(found) for _, found in islice(emails, RECOUNTED)]:
        decided = [([replace(each, judgment=None) for each in email], email) for email in part]
        _count_totals(connection, issue_id, decided)
        _count_hours(connection, issue_id, decided)


def totals_of(connection: sa.Connection, issue_id: int) -> list[EngagementTotal]:
    """Return the counters of an issue, by edition, kind and link."""
    t = engagement_totals.c
    query = (
        sa.select(t.edition_id, t.kind, t.link, t.raw, t.human, t.raw_emails, t.human_emails)
        .where(t.issue_id == issue_id)
        .order_by(t.edition_id, t.kind, t.link)
    )
    return [
        EngagementTotal(row[0], EventKind(row[1]), *row[2:]) for row in connection.execute(query)
    ]


def hours_of(connection: sa.Connection, issue_id: int) -> list[EngagementHour]:
    """Return the counters of an issue by hour, in order."""
    h = engagement_hours.c
    query = (
        sa.select(h.kind, h.hour, h.raw, h.human)
        .where(h.issue_id == issue_id)
        .order_by(h.hour, h.kind)
    )
    return [EngagementHour(EventKind(row[0]), *row[1:]) for row in connection.execute(query)]


def readers(newsletter: str, since: datetime) -> sa.Select[tuple[int]]:
    """Select the subscribers who opened or clicked an issue of a newsletter since a time."""
    e = engagements.c
    return (
        sa.select(e.subscriber_id)
        .join(issues, issues.c.id == e.issue_id)
        .where(
            issues.c.newsletter == newsletter,
            e.rule == Judgment.HUMAN.value,
            e.at > since,
            e.subscriber_id.is_not(None),
        )
    )


def counted_since(connection: sa.Connection, newsletter: str) -> datetime | None:
    """Return the time of the first open or click of a newsletter that is known with its reader."""
    e = engagements.c
    query = (
        sa.select(sa.func.min(e.at, type_=e.at.type))
        .join(issues, issues.c.id == e.issue_id)
        .where(issues.c.newsletter == newsletter, e.subscriber_id.is_not(None))
    )
    first: datetime | None = connection.scalar(query)
    return first


def last_human(
    connection: sa.Connection, newsletter: str, people: Collection[int]
) -> dict[int, datetime]:
    """Return when each of these subscribers last opened or clicked an issue of a newsletter."""
    e = engagements.c
    query = (
        sa.select(e.subscriber_id, sa.func.max(e.at, type_=e.at.type))
        .join(issues, issues.c.id == e.issue_id)
        .where(
            issues.c.newsletter == newsletter,
            e.subscriber_id.in_(people),
            e.rule == Judgment.HUMAN.value,
        )
        .group_by(e.subscriber_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def erase(connection: sa.Connection, subscriber_id: int) -> None:
    """Detach engagements from a subscriber; the counters stay."""
    connection.execute(
        engagements.update()
        .where(engagements.c.subscriber_id == subscriber_id)
        .values(subscriber_id=None)
    )


def purge(connection: sa.Connection, issue_id: int) -> int:
    """Delete the engagements of an issue; its counters stay."""
    mine = engagements.delete().where(engagements.c.issue_id == issue_id)
    return connection.execute(mine).rowcount


def _undecided(before: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return engagements.c.rule.is_(None), engagements.c.at <= before


def _read(row: Mapping[Any, Any]) -> Engagement:
    return Engagement(
        id=row["id"],
        kind=EventKind(row["kind"]),
        source=row["source"],
        at=row["at"],
        issue_id=row["issue_id"],
        edition_id=row["edition_id"],
        seq=row["seq"],
        subscriber_id=row["subscriber_id"],
        link=row["link"],
        sign=Judgment(row["sign"]) if row["sign"] else None,
        judgment=Judgment(row["rule"]) if row["rule"] else None,
    )


_KEPT = tuple(str(column.name) for column in engagements.c if column.name != "rule")


def _values(each: Engagement) -> tuple[object, ...]:
    """Return the values of the columns _KEPT."""
    return (
        each.id,
        each.kind.value,
        each.source,
        each.at,
        each.issue_id,
        each.edition_id,
        each.seq,
        each.subscriber_id,
        each.link,
        each.sign.value if each.sign else "",
    )


def _adding(
    table: sa.Table, columns: Sequence[str]
) -> Callable[[Callable[[sa.Table], Any]], sa.Executable]:
    """Return what builds the INSERT that adds to the counters of a row that exists."""

    def build(insert: Callable[[sa.Table], Any]) -> sa.Executable:
        statement = insert(table)
        added: sa.Executable = statement.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={name: table.c[name] + statement.excluded[name] for name in columns},
        )
        return added

    return build


_TOTALS = ("raw", "human", "raw_emails", "human_emails")
_TOTALLED = for_each_dialect(_adding(engagement_totals, _TOTALS))
_HOURLY = for_each_dialect(_adding(engagement_hours, ("raw", "human")))
_DECIDED = (
    engagements.update()
    .where(engagements.c.id == sa.bindparam("of_id"))
    .values(rule=sa.bindparam("now_rule"))
)
