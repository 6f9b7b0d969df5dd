"""Batches: ranges of deliveries with a state, and counters that spare everybody counting."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.model.batch import Planned
from newsletter.model.states import UNSETTLED, BatchState, IssueState
from newsletter.store.tables import batches, issues, rates

COUNTED = (
    "planned",
    "submitted",
    "refused",
    "withdrawn",
    "delivered",
    "deferred",
    "bounced",
    "dropped",
    "complained",
)
"""The counters that the writers keep, so that no page counts deliveries."""


def plan(
    connection: sa.Connection, issue_id: int, provider: str, planned: Sequence[Planned]
) -> None:
    """Insert the batches of an issue."""
    rows = [
        {
            "issue_id": issue_id,
            "seq": one.seq,
            "edition_id": one.edition_id,
            "first_seq": one.first,
            "last_seq": one.last,
            "provider": provider,
            "state": BatchState.PREPARED.value,
            "not_before": one.not_before,
            "planned": one.people,
        }
        for one in planned
    ]
    if rows:
        connection.execute(batches.insert(), rows)


def accept(
    connection: sa.Connection, key: tuple[int, int], *, states: Sequence[BatchState], now: datetime
) -> tuple[int, int] | None:
    """Mark a batch accepted on evidence; return its range of deliveries, or None if not so."""
    row = connection.execute(
        batches.update()
        .where(*_is(*key), batches.c.state.in_([state.value for state in states]))
        .values(
            state=BatchState.ACCEPTED.value,
            settled_at=now,
            lease_until=None,
            not_before=None,
            submitted=batches.c.planned - batches.c.refused - batches.c.withdrawn,
        )
        .returning(batches.c.first_seq, batches.c.last_seq)
    ).first()
    return (row[0], row[1]) if row else None


def shift(
    connection: sa.Connection, key: tuple[int, int], *, frm: Sequence[BatchState], **values: object
) -> bool:
    """Change a batch if it is still in one of `frm`; return whether it was."""
    result = connection.execute(
        batches.update()
        .where(*_is(*key), batches.c.state.in_([state.value for state in frm]))
        .values(**values)
    )
    return result.rowcount == 1


def unknown(connection: sa.Connection, before: datetime) -> list[Mapping[Any, Any]]:
    """Return every batch that has been unknown since before `before`, with its issue's state."""
    b = batches.c
    query = (
        sa.select(batches, issues.c.newsletter, issues.c.state.label("issue_state"))
        .join(issues, issues.c.id == b.issue_id)
        .where(b.state == BatchState.UNKNOWN.value, b.unknown_at <= before)
        .order_by(b.issue_id, b.seq)
    )
    return list(connection.execute(query).mappings().all())


def load(connection: sa.Connection, key: tuple[int, int]) -> Mapping[Any, Any] | None:
    """Return a batch's row."""
    return connection.execute(sa.select(batches).where(*_is(*key))).mappings().first()


def of_issue(
    connection: sa.Connection, issue_id: int, states: Sequence[BatchState] = ()
) -> list[Mapping[Any, Any]]:
    """Return the rows of an issue's batches in order."""
    query = sa.select(batches).where(batches.c.issue_id == issue_id).order_by(batches.c.seq)
    if states:
        query = query.where(batches.c.state.in_([state.value for state in states]))
    return list(connection.execute(query).mappings().all())


def take_prepared(connection: sa.Connection, issue_id: int) -> list[Mapping[Any, Any]]:
    """Return the prepared batches of an issue in order, and keep workers from claiming them."""
    query = sa.select(batches).where(
        batches.c.issue_id == issue_id, batches.c.state == BatchState.PREPARED.value
    )
    return _taken(connection, query)


def take_within(
    connection: sa.Connection, issue_id: int, span: tuple[int, int]
) -> list[Mapping[Any, Any]]:
    """Return the batches of a range of deliveries in order, and keep everybody from changing them.

    A batch only ever shrinks, so what an attempt carried is a number of whole batches today.
    """
    query = sa.select(batches).where(
        batches.c.issue_id == issue_id,
        batches.c.first_seq >= span[0],
        batches.c.last_seq <= span[1],
    )
    return _taken(connection, query)


def _taken(connection: sa.Connection, query: sa.Select[Any]) -> list[Mapping[Any, Any]]:
    locked = query.order_by(batches.c.seq).with_for_update()
    return list(connection.execute(locked).mappings().all())


def totals(connection: sa.Connection, issue_id: int) -> list[Mapping[Any, Any]]:
    """Return the sums of the counters by batch state, with `batches` and `awaiting` people."""
    b = batches.c
    sums = [sa.func.coalesce(sa.func.sum(b[name]), 0).label(name) for name in COUNTED]
    awaiting = sa.func.sum(b.planned - b.submitted - b.refused - b.withdrawn)
    query = (
        sa.select(b.state, sa.func.count().label("batches"), awaiting.label("awaiting"), *sums)
        .where(b.issue_id == issue_id)
        .group_by(b.state)
    )
    return list(connection.execute(query).mappings().all())


def unsettled(connection: sa.Connection, issue_id: int) -> bool:
    """Return whether any batch may still change without a new act of a person."""
    query = sa.select(sa.literal(1)).where(
        batches.c.issue_id == issue_id,
        batches.c.state.in_([state.value for state in UNSETTLED]),
    )
    return connection.scalar(query.limit(1)) is not None


def failed_since(connection: sa.Connection, issue_id: int, since: datetime) -> int:
    """Count the batches of an issue that became unknown, held or refused after `since`."""
    b = batches.c
    ambiguous = b.state.in_([BatchState.UNKNOWN.value, BatchState.HELD.value])
    query = sa.select(sa.func.count()).where(
        b.issue_id == issue_id,
        sa.or_(
            sa.and_(ambiguous, b.unknown_at > since),
            sa.and_(b.state == BatchState.REFUSED.value, b.settled_at > since),
        ),
    )
    return int(connection.scalar(query) or 0)


def stranded(connection: sa.Connection, state: IssueState) -> list[int]:
    """Return the issues in a state in which nothing leaves, of which a batch is prepared."""
    query = (
        sa.select(issues.c.id)
        .join(batches, batches.c.issue_id == issues.c.id)
        .where(issues.c.state == state.value, batches.c.state == BatchState.PREPARED.value)
        .distinct()
        .order_by(issues.c.id)
    )
    return list(connection.scalars(query))


def last_seq(connection: sa.Connection, issue_id: int) -> int:
    """Return the number of the last batch of an issue, 0 when it has none."""
    query = sa.select(sa.func.max(batches.c.seq)).where(batches.c.issue_id == issue_id)
    return int(connection.scalar(query) or 0)


def _is(issue_id: int, seq: int) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return (batches.c.issue_id == issue_id, batches.c.seq == seq)


def waiting(connection: sa.Connection) -> list[Mapping[Any, Any]]:
    """Return every batch that needs a person, or soon may, oldest issue first."""
    b = batches.c
    states = [BatchState.UNKNOWN.value, BatchState.HELD.value, BatchState.REFUSED.value]
    query = (
        sa.select(b.issue_id, b.seq, b.state, b.reason, b.planned)
        .where(b.state.in_(states))
        .order_by(b.issue_id, b.seq)
    )
    return list(connection.execute(query).mappings().all())


def providers(connection: sa.Connection) -> set[str]:
    """Return the providers by which something of an issue that is leaving may still leave."""
    query = (
        sa.select(batches.c.provider)
        .join(issues, issues.c.id == batches.c.issue_id)
        .where(
            batches.c.state == BatchState.PREPARED.value,
            issues.c.state.in_([IssueState.SUBMITTING.value, IssueState.PAUSED.value]),
        )
        .distinct()
    )
    return set(connection.scalars(query))


def yet_to_leave(connection: sa.Connection, issue_id: int) -> list[Mapping[Any, Any]]:
    """Return what has not left, by provider: people, the first batch's time, the provider's own.

    `not_before` is None where a batch waits for no time of its own; `reason` is what kept one back.
    """
    b = batches.c
    timeless = sa.func.sum(sa.case((b.not_before.is_(None), 1), else_=0))
    first = sa.case((timeless == 0, sa.func.min(b.not_before))).label("not_before")
    people = sa.func.sum(b.planned - b.submitted - b.refused - b.withdrawn)
    query = (
        sa.select(
            b.provider,
            people.label("people"),
            first,
            rates.c.free_at,
            sa.func.max(b.reason).label("reason"),
        )
        .outerjoin(rates, rates.c.name == b.provider)
        .where(b.issue_id == issue_id, b.state == BatchState.PREPARED.value)
        .group_by(b.provider, rates.c.free_at)
        .order_by(b.provider)
    )
    return list(connection.execute(query).mappings().all())
