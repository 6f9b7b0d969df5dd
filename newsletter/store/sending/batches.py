"""Batches: ranges of deliveries with a state, and counters that save counting deliveries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from newsletter.model.batch import Batch, BatchKey, Planned, Span
from newsletter.model.states import DECIDABLE, UNSETTLED, BatchState, IssueState
from newsletter.store.tables import batches, issues, rates


@dataclass(frozen=True, slots=True)
class StateTotals:
    """The sums of all batches of an issue in one state.

    `awaiting` are the recipients that share the state of their batch; the other counters are
    recipients that were settled one by one.
    """

    state: BatchState
    batches: int
    awaiting: int
    planned: int
    submitted: int
    refused: int
    withdrawn: int
    delivered: int
    deferred: int
    bounced: int
    dropped: int
    complained: int


@dataclass(frozen=True, slots=True)
class UnknownBatch:
    """A batch with an unknown outcome, with what decides what happens to it."""

    batch: Batch
    unknown_at: datetime
    newsletter: str
    issue_state: IssueState


@dataclass(frozen=True, slots=True)
class Remainder:
    """What of an issue waits for one provider.

    `not_before` is the time of the first batch, None if one may be sent now; `free_at` is when the
    provider takes the next one, `reason` what delayed a batch.
    """

    provider: str
    people: int
    not_before: datetime | None
    free_at: datetime | None
    reason: str


_COLUMNS = tuple(batches.c[name] for name in Batch.__dataclass_fields__)
_AWAITING = batches.c.planned - batches.c.submitted - batches.c.refused - batches.c.withdrawn


def plan(
    connection: sa.Connection, issue_id: int, provider: str, planned: Sequence[Planned]
) -> None:
    """Insert the batches of an issue."""
    rows = [
        {
            "issue_id": issue_id,
            "seq": batch.seq,
            "edition_id": batch.edition_id,
            "first_seq": batch.first,
            "last_seq": batch.last,
            "provider": provider,
            "state": BatchState.PREPARED.value,
            "not_before": batch.not_before,
            "planned": batch.people,
            "rejections": batch.rejections,
            "unknown_at": batch.unknown_at,
        }
        for batch in planned
    ]
    if rows:
        connection.execute(batches.insert(), rows)


def accept(
    connection: sa.Connection, key: BatchKey, *, from_states: Collection[BatchState], now: datetime
) -> Span | None:
    """Mark a batch as accepted; return its deliveries, None if it is in another state."""
    row = connection.execute(
        _update(key, from_states)
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


def hold(
    connection: sa.Connection,
    key: BatchKey,
    *,
    from_states: Collection[BatchState],
    reason: str | None = None,
) -> bool:
    """Hold a batch for a person; without a new reason it keeps the one that it has."""
    kept = batches.c.reason if reason is None else reason
    statement = _update(key, from_states).values(state=BatchState.HELD.value, reason=kept)
    return connection.execute(statement).rowcount == 1


def cancel(
    connection: sa.Connection,
    key: BatchKey,
    *,
    from_states: Collection[BatchState],
    reason: str,
    now: datetime,
) -> bool:
    """Cancel a batch; its deliveries are the caller's to withdraw."""
    statement = _update(key, from_states).values(
        state=BatchState.CANCELLED.value, reason=reason, settled_at=now
    )
    return connection.execute(statement).rowcount == 1


def prepare_again(
    connection: sa.Connection,
    key: BatchKey,
    *,
    from_states: Collection[BatchState],
    reason: str,
    forget_rejections: bool = False,
) -> bool:
    """Put a batch back to be submitted once more, at once."""
    rejections = 0 if forget_rejections else batches.c.rejections
    statement = _update(key, from_states).values(
        state=BatchState.PREPARED.value,
        reason=reason,
        not_before=None,
        settled_at=None,
        rejections=rejections,
    )
    return connection.execute(statement).rowcount == 1


def reassign(connection: sa.Connection, key: BatchKey, provider: str) -> bool:
    """Give a prepared batch to another provider, with a fresh count of rejections."""
    statement = _update(key, [BatchState.PREPARED]).values(provider=provider, rejections=0)
    return connection.execute(statement).rowcount == 1


def shorten(
    connection: sa.Connection, key: BatchKey, *, state: BatchState, last: int, planned: int
) -> bool:
    """Let a batch end with the delivery `last`, if it is still in `state`."""
    statement = _update(key, [state]).values(last_seq=last, planned=planned)
    return connection.execute(statement).rowcount == 1


def count_settled(
    connection: sa.Connection, key: BatchKey, *, refused: int = 0, withdrawn: int = 0
) -> None:
    """Add to the recipients of a batch that were settled one by one."""
    connection.execute(
        batches.update()
        .where(*_is(key))
        .values(
            refused=batches.c.refused + refused,
            withdrawn=batches.c.withdrawn + withdrawn,
        )
    )


def unknown(connection: sa.Connection, before: datetime) -> list[UnknownBatch]:
    """Return every batch whose outcome has been unknown since before `before`."""
    b = batches.c
    query = (
        sa.select(*_COLUMNS, issues.c.newsletter, issues.c.state.label("issue_state"))
        .join(issues, issues.c.id == b.issue_id)
        .where(b.state == BatchState.UNKNOWN.value, b.unknown_at <= before)
        .order_by(b.issue_id, b.seq)
    )
    return [
        UnknownBatch(
            _batch(row), row["unknown_at"], row["newsletter"], IssueState(row["issue_state"])
        )
        for row in connection.execute(query).mappings()
    ]


def load(connection: sa.Connection, key: BatchKey) -> Batch | None:
    """Return a batch."""
    row = connection.execute(sa.select(*_COLUMNS).where(*_is(key))).mappings().first()
    return _batch(row) if row else None


def of_issue(
    connection: sa.Connection, issue_id: int, states: Collection[BatchState] = ()
) -> list[Batch]:
    """Return the batches of an issue in order, of all states or of these."""
    query = sa.select(*_COLUMNS).where(batches.c.issue_id == issue_id).order_by(batches.c.seq)
    if states:
        query = query.where(batches.c.state.in_(_values(states)))
    return [_batch(row) for row in connection.execute(query).mappings()]


def lock_prepared(connection: sa.Connection, issue_id: int) -> list[Batch]:
    """Return the prepared batches of an issue in order, and keep workers from claiming them."""
    query = sa.select(*_COLUMNS).where(
        batches.c.issue_id == issue_id, batches.c.state == BatchState.PREPARED.value
    )
    return _locked(connection, query)


def lock_within(connection: sa.Connection, issue_id: int, span: Span) -> list[Batch]:
    """Return the batches of a range of deliveries in order, and keep them from changing.

    A batch only ever shrinks, so the deliveries of an earlier attempt are whole batches today.
    """
    query = sa.select(*_COLUMNS).where(
        batches.c.issue_id == issue_id,
        batches.c.first_seq >= span[0],
        batches.c.last_seq <= span[1],
    )
    return _locked(connection, query)


def _locked(connection: sa.Connection, query: sa.Select[Any]) -> list[Batch]:
    locked = query.order_by(batches.c.seq).with_for_update()
    return [_batch(row) for row in connection.execute(locked).mappings()]


def totals(connection: sa.Connection, issue_id: int) -> list[StateTotals]:
    """Return the sums of the counters by batch state."""
    b = batches.c
    counted = tuple(StateTotals.__dataclass_fields__)[3:]
    sums = [sa.func.coalesce(sa.func.sum(b[name]), 0) for name in counted]
    query = (
        sa.select(b.state, sa.func.count(), sa.func.sum(_AWAITING), *sums)
        .where(b.issue_id == issue_id)
        .group_by(b.state)
    )
    return [
        StateTotals(BatchState(state), *(int(number) for number in numbers))
        for state, *numbers in connection.execute(query)
    ]


def unsettled(connection: sa.Connection, issue_id: int) -> bool:
    """Return whether any batch may still change without a new decision of a person."""
    query = sa.select(sa.literal(1)).where(
        batches.c.issue_id == issue_id, batches.c.state.in_(_values(UNSETTLED))
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
    """Return the issues in this state that have a prepared batch."""
    query = (
        sa.select(issues.c.id)
        .join(batches, batches.c.issue_id == issues.c.id)
        .where(issues.c.state == state.value, batches.c.state == BatchState.PREPARED.value)
        .distinct()
        .order_by(issues.c.id)
    )
    return list(connection.scalars(query))


def last_seq(connection: sa.Connection, issue_id: int) -> int:
    """Return the number of the last batch of an issue, 0 if it has none."""
    query = sa.select(sa.func.max(batches.c.seq)).where(batches.c.issue_id == issue_id)
    return int(connection.scalar(query) or 0)


def waiting(connection: sa.Connection) -> list[Batch]:
    """Return every batch that needs a person, or soon may, oldest issue first."""
    b = batches.c
    query = sa.select(*_COLUMNS).where(b.state.in_(_values(DECIDABLE))).order_by(b.issue_id, b.seq)
    return [_batch(row) for row in connection.execute(query).mappings()]


def providers(connection: sa.Connection) -> set[str]:
    """Return the providers that unfinished issues still have batches for."""
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


def remaining(connection: sa.Connection, issue_id: int) -> list[Remainder]:
    """Return what has not been submitted of an issue, by provider."""
    b = batches.c
    timeless = sa.func.sum(sa.case((b.not_before.is_(None), 1), else_=0))
    query = (
        sa.select(
            b.provider,
            sa.func.sum(_AWAITING),
            sa.case((timeless == 0, sa.func.min(b.not_before))),
            rates.c.free_at,
            sa.func.max(b.reason),
        )
        .outerjoin(rates, rates.c.name == b.provider)
        .where(b.issue_id == issue_id, b.state == BatchState.PREPARED.value)
        .group_by(b.provider, rates.c.free_at)
        .order_by(b.provider)
    )
    return [
        Remainder(
            provider,
            int(people),
            not_before,
            datetime.fromtimestamp(free_at, UTC) if free_at else None,
            reason,
        )
        for provider, people, not_before, free_at, reason in connection.execute(query)
    ]


def _is(key: BatchKey) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return (batches.c.issue_id == key[0], batches.c.seq == key[1])


def _update(key: BatchKey, from_states: Collection[BatchState]) -> sa.Update:
    return batches.update().where(*_is(key), batches.c.state.in_(_values(from_states)))


def _values(states: Collection[BatchState]) -> list[str]:
    return sorted(state.value for state in states)


def _batch(row: sa.RowMapping) -> Batch:
    values = {name: row[name] for name in Batch.__dataclass_fields__}
    return Batch(**values | {"state": BatchState(row["state"])})
