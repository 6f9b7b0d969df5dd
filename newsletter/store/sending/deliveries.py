"""Deliveries and exclusions: frozen by one statement each.

A delivery's row is written again only if its outcome differs from its batch's (see `outcomes`).
"""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any, NamedTuple, cast

import orjson
import sqlalchemy as sa

from newsletter.model.batch import Claim, Span
from newsletter.model.delivery import read_delivery
from newsletter.model.states import DeliveryState
from newsletter.model.subjects import SubjectTest
from newsletter.store.database import is_sqlite, temporary
from newsletter.store.sending import arms, outcomes
from newsletter.store.tables import batches, deliveries, exclusions, issues
from newsletter.store.types import UtcDateTime
from subscribers.audience import reachable


class Waiting(NamedTuple):
    """The deliveries that are about to leave, by column (`_COLUMNS`), as is known of each now.

    `reasons` has the numbers of those who may no longer be emailed, and why.
    """

    reasons: Mapping[int, str] = MappingProxyType({})
    numbers: Sequence[int] = ()
    subscribers: Sequence[int] = ()
    addresses: Sequence[str] = ()
    names: Sequence[str] = ()

    def mailable(self) -> "Waiting":
        """Return those who may be emailed."""
        return self._only(lambda row: row[0] not in self.reasons)

    def without(self, holds: Callable[[str], bool]) -> "Waiting":
        """Return those whose address `holds` does not name."""
        return self._only(lambda row: not holds(row[2]))

    def _only(self, keeps: Callable[[tuple[Any, ...]], bool]) -> "Waiting":
        columns = (self.numbers, self.subscribers, self.addresses, self.names)
        kept = [row for row in zip(*columns, strict=True) if keeps(row)]
        return Waiting({}, *zip(*kept, strict=True))


def freeze(connection: sa.Connection, issue_id: int, people: sa.FromClause) -> int:
    """Insert a delivery for each of `people` (subscriber_id, edition_id, place); return how many.

    Sequence numbers run through the editions by `place`, so that each edition is one range.
    """
    numbered = _numbered_rows(connection, people) if is_sqlite(connection) else _numbered(people)
    chosen = sa.select(
        sa.literal(issue_id),
        numbered.c.seq,
        numbered.c.subscriber_id,
        numbered.c.edition_id,
        sa.literal(DeliveryState.PENDING.value),
    )
    columns = ["issue_id", "seq", "subscriber_id", "edition_id", "state"]
    connection.execute(deliveries.insert().from_select(columns, chosen))
    if isinstance(numbered, sa.Table):
        numbered.drop(connection)
    last = sa.select(sa.func.max(deliveries.c.seq)).where(deliveries.c.issue_id == issue_id)
    return int(connection.scalar(last) or 0)


def _numbered(people: sa.FromClause) -> sa.FromClause:
    """Return those who get an edition, as seq, subscriber_id and edition_id."""
    order = sa.func.row_number().over(order_by=(people.c.place, people.c.subscriber_id))
    return (
        sa.select(order.label("seq"), people.c.subscriber_id, people.c.edition_id)
        .where(people.c.edition_id.is_not(None))
        .subquery("ordered")
    )


def _numbered_rows(connection: sa.Connection, people: sa.FromClause) -> sa.Table:
    """Return the same as a temporary table, which numbers its rows as they are inserted.

    On SQLite, that is faster than a window function.
    """
    names = ("subscriber_id", "edition_id")
    columns = [sa.Column(name, sa.Integer) for name in names]
    ordered = temporary("ordered", [sa.Column("seq", sa.Integer, primary_key=True), *columns])
    ordered.create(connection)
    chosen = (
        sa.select(*(people.c[name] for name in names))
        .where(people.c.edition_id.is_not(None))
        .order_by(people.c.place, people.c.subscriber_id)
    )
    connection.execute(ordered.insert().from_select(names, chosen))
    return ordered


def exclude(connection: sa.Connection, issue_id: int, people: sa.FromClause) -> None:
    """Insert an exclusion for each of `people` (subscriber_id, reason)."""
    columns = ["issue_id", "subscriber_id", "reason"]
    chosen = sa.select(sa.literal(issue_id), people.c.subscriber_id, people.c.reason)
    connection.execute(exclusions.insert().from_select(columns, chosen))


def count_exclusions(connection: sa.Connection, issue_id: int) -> dict[str, int]:
    """Count the exclusions of an issue by reason, most first; for the writer at the freeze."""
    people = sa.func.count()
    query = (
        sa.select(exclusions.c.reason, people)
        .where(exclusions.c.issue_id == issue_id)
        .group_by(exclusions.c.reason)
        .order_by(people.desc(), exclusions.c.reason)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


class Range(NamedTuple):
    """The deliveries of one edition; of a test of two subjects, those of one arm.

    With reader time, those that are due at one time, `not_before`.
    """

    edition_id: int
    first: int
    last: int
    arm: str = ""
    not_before: datetime | None = None


def ranges(
    connection: sa.Connection, issue_id: int, test: SubjectTest | None = None
) -> list[Range]:
    """Return the ranges of a frozen issue in sending order."""
    first = sa.func.min(deliveries.c.seq)
    chosen = (deliveries.c.edition_id, first, sa.func.max(deliveries.c.seq))
    query = sa.select(*chosen).where(deliveries.c.issue_id == issue_id)
    keys: list[sa.ColumnElement[Any]] = [deliveries.c.edition_id]
    if test is not None:
        arm = arms.arm(deliveries.c.subscriber_id, issue_id, test).label("arm")
        query, keys = query.add_columns(arm), [*keys, sa.literal_column("arm")]
    rows = connection.execute(query.group_by(*keys).order_by(first))
    return [Range(*row) for row in rows]


def waiting(connection: sa.Connection, claim: Claim, now: datetime) -> Waiting:
    """Return what is still pending in a claimed batch, in order, under the present consent.

    The database hands the columns over as JSON, in one row. For Python, that is three times as fast
    as a row per recipient, and lets other threads run in between.
    """
    asked = {
        "of_issue": claim.issue_id,
        "first": claim.first,
        "last": claim.last,
        "moment": now,
    }
    query = _waiting(claim.newsletter, connection.dialect.name)
    reasons, *columns = (
        orjson.loads(text or "[]") for text in connection.execute(query, asked).one()
    )
    return Waiting({int(seq): reason for seq, reason in dict(reasons).items()}, *columns)


_COLUMNS = ("seq", "subscriber_id", "address", "name")


# Built once per newsletter: that takes longer than to run it.
@cache
def _waiting(newsletter: str, dialect: str) -> sa.Select[Any]:
    """Select an object of reasons by number, and a list per column; NULL for no rows.

    On SQLite, the rows are in order, as left joins are read from the left: to sort once more would
    copy all. PostgreSQL may join from either side.
    """
    found = _found(newsletter)
    if dialect == "sqlite":
        objects, lists = sa.func.json_group_object, sa.func.json_group_array
    else:
        objects, lists = sa.func.json_object_agg, sa.func.json_agg
        found = sa.select(found).order_by(found.c.seq).subquery()
    columns = (
        objects(found.c.seq, found.c.reason).filter(found.c.reason != ""),
        *(lists(found.c[name]) for name in _COLUMNS),
    )
    texts: list[sa.ColumnElement[Any]] = [sa.cast(column, sa.Text) for column in columns]
    return sa.select(*texts)


def _found(newsletter: str) -> sa.Subquery:
    asked = sa.select(deliveries.c.seq, deliveries.c.subscriber_id).where(
        *_span(), outcomes.shares()
    )
    ordered = asked.order_by(deliveries.c.seq).subquery()
    moment = cast("datetime", sa.bindparam("moment", type_=UtcDateTime))
    return reachable(newsletter, ordered, moment).add_columns(ordered.c.seq).subquery()


def mark_each(
    connection: sa.Connection, issue_id: int, reasons: Mapping[int, str], state: DeliveryState
) -> None:
    """Move these pending deliveries (number to reason, possibly empty)."""
    if not reasons:
        return
    statement = (
        deliveries.update()
        .where(
            deliveries.c.issue_id == sa.bindparam("of_issue"),
            deliveries.c.seq == sa.bindparam("of_seq"),
            outcomes.shares(),
        )
        .values(state=state.value, reason=sa.bindparam("why"))
    )
    connection.execute(
        statement,
        [
            {"of_issue": issue_id, "of_seq": seq, "why": reason or None}
            for seq, reason in reasons.items()
        ],
    )


def count_pending(connection: sa.Connection, issue_id: int, span: tuple[int, int]) -> int:
    """Count what shares its batch's outcome in a range; for one batch, never for an issue."""
    query = sa.select(sa.func.count()).where(*_within(issue_id, *span), outcomes.shares())
    return int(connection.scalar(query) or 0)


def pending(connection: sa.Connection, issue_id: int, span: Span) -> list[int]:
    """Return the numbers of those that share their batch's outcome, in order; for one batch."""
    query = sa.select(deliveries.c.seq).where(*_within(issue_id, *span), outcomes.shares())
    return list(connection.scalars(query.order_by(deliveries.c.seq)))


def edition_of(connection: sa.Connection, delivery: str, subscriber_id: int) -> int | None:
    """Return the edition that a delivery of this subscriber holds; None when there is none.

    That is its batch's: after a test of two subjects, the rest got the winner's.
    """
    key = read_delivery(delivery)
    if key is None:
        return None
    b, d = batches.c, deliveries.c
    held_by = sa.and_(
        b.issue_id == d.issue_id, b.first_seq <= d.seq, b.last_seq >= d.seq, b.arm != ""
    )
    query = (
        sa.select(sa.func.coalesce(b.edition_id, d.edition_id))
        .select_from(deliveries.outerjoin(batches, held_by))
        .where(*_within(key[0], key[1], key[1]), d.subscriber_id == subscriber_id)
    )
    edition: int | None = connection.scalar(query)
    return edition


def recipients_of(issue_id: int) -> sa.Select[tuple[int]]:
    """Select subscriber_id for every recipient who was reached by an issue, or may have been."""
    return sa.select(deliveries.c.subscriber_id).where(
        deliveries.c.issue_id == issue_id, maybe_reached()
    )


def maybe_reached() -> sa.ColumnElement[bool]:
    """Return whether a delivery reached its subscriber, or may have."""
    return outcomes.maybe_reached(outcomes.SUBMITTED - {DeliveryState.DROPPED})


def exclusion_reasons(connection: sa.Connection, issue_id: int) -> dict[str, int]:
    """Return how many people were left out for each reason, most first, as counted at the freeze."""
    counted = connection.scalar(sa.select(issues.c.excluded).where(issues.c.id == issue_id))
    return dict(sorted((counted or {}).items(), key=lambda count: (-count[1], count[0])))


def listed(
    connection: sa.Connection,
    issue_id: int,
    *,
    now: datetime,
    search: str = "",
    after: int = 0,
    limit: int = 100,
) -> list[Mapping[Any, Any]]:
    """Return a page of recipients whose address holds `search`: who, what state, which batch.

    A pending delivery shows its batch's state: that is what is known about it.
    """
    newsletter = connection.scalar(sa.select(issues.c.newsletter).where(issues.c.id == issue_id))
    d = deliveries.c
    rows = sa.select(
        d.seq,
        d.subscriber_id,
        outcomes.state().label("state"),
        outcomes.reason().label("why"),
    ).where(d.issue_id == issue_id, d.seq > after)
    asked = rows.subquery()
    people = reachable(str(newsletter), asked, now).add_columns(
        asked.c.seq, asked.c.state, asked.c.why
    )
    found = people.subquery()
    query = sa.select(found).order_by(found.c.seq).limit(limit)
    if search:
        query = query.where(found.c.address.icontains(search, autoescape=True))
    held_by = _batch_of(connection, issue_id)
    page = connection.execute(query).mappings().all()
    return [{**row, **held_by(row["seq"])} for row in page]


def _batch_of(connection: sa.Connection, issue_id: int) -> Callable[[int], dict[str, object]]:
    """Return the function from a delivery's number to its batch and that one's state."""
    b = batches.c
    ranges = sa.select(b.first_seq, b.seq, b.state).where(b.issue_id == issue_id)
    rows = connection.execute(ranges.order_by(b.first_seq)).all()
    firsts = [row[0] for row in rows]

    def of(seq: int) -> dict[str, object]:
        row = rows[bisect_right(firsts, seq) - 1]
        return {"batch": row[1], "batch_state": row[2]}

    return of


def left_out(
    connection: sa.Connection,
    issue_id: int,
    newsletter: str,
    *,
    now: datetime,
    search: str = "",
    limit: int = 100,
) -> list[tuple[str, str]]:
    """Return (address, reason) of those whom the freeze left out, ordered by reason.

    Only addresses that hold `search`.
    """
    asked = (
        sa.select(exclusions.c.subscriber_id, exclusions.c.reason.label("why"))
        .where(exclusions.c.issue_id == issue_id)
        .subquery()
    )
    people = reachable(newsletter, asked, now).add_columns(asked.c.why).subquery()
    query = sa.select(people.c.address, people.c.why).order_by(people.c.why, people.c.address)
    if search:
        query = query.where(people.c.address.icontains(search, autoescape=True))
    return [(row[0], row[1]) for row in connection.execute(query.limit(limit))]


def _within(issue_id: int, first: int, last: int) -> tuple[sa.ColumnElement[bool], ...]:
    return (deliveries.c.issue_id == issue_id, deliveries.c.seq.between(first, last))


def _span() -> tuple[sa.ColumnElement[bool], ...]:
    return (
        deliveries.c.issue_id == sa.bindparam("of_issue"),
        deliveries.c.seq.between(sa.bindparam("first"), sa.bindparam("last")),
    )
