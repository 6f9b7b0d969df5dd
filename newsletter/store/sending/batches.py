"""Batches: ranges of deliveries with a state, and counters that save counting deliveries."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.model.batch import Batch, BatchKey, Planned, Span
from newsletter.model.states import DECIDABLE, IN_DOUBT, UNSETTLED, BatchState, IssueState
from newsletter.store.sending.rates import SKEW
from newsletter.store.tables import batches, issues

LONGEST_SPREAD = timedelta(days=4)
"""Two days of a spread, and 26 hours between the first and the last time zone."""
LONGEST_DEFERRAL = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class UnknownBatch:
    """A batch with an unknown outcome, with what decides what happens to it."""

    batch: Batch
    unknown_at: datetime
    newsletter: str
    issue_state: IssueState


@dataclass(frozen=True, slots=True)
class BatchOutline:
    """Where a batch is, and how far: little enough to be read for every batch of an issue."""

    first_seq: int
    last_seq: int
    state: BatchState
    attempt: int


_COLUMNS = tuple(batches.c[name] for name in Batch.__dataclass_fields__)


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
            "arm": batch.arm,
        }
        for batch in planned
    ]
    if rows:
        connection.execute(batches.insert(), rows)


def accept(
    connection: sa.Connection, key: BatchKey, *, from_states: Collection[BatchState], now: datetime
) -> bool:
    """Mark a batch as accepted, and with it the deliveries that share its outcome."""
    statement = _update(key, from_states).values(
        state=BatchState.ACCEPTED.value,
        settled_at=now,
        lease_until=None,
        not_before=None,
        submitted=batches.c.planned - batches.c.refused - batches.c.withdrawn,
    )
    return connection.execute(statement).rowcount == 1


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
    """Cancel a batch, and withdraw with it the deliveries that share its outcome."""
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
    now: datetime,
    forget_rejections: bool = False,
) -> bool:
    """Put a batch back to be submitted once more: at once, or when its readers' time comes.

    A batch whose time is still to come has no reason: only a deferred one has both.
    """
    rejections = 0 if forget_rejections else batches.c.rejections
    statement = _update(key, from_states).values(
        state=BatchState.PREPARED.value,
        reason=sa.case((batches.c.not_before > now, ""), else_=reason),
        settled_at=None,
        rejections=rejections,
    )
    return connection.execute(statement).rowcount == 1


def prepare_unsent(connection: sa.Connection, key: BatchKey) -> bool:
    """Prepare a batch in doubt again after all: none of its recipients got the email."""
    statement = _update(key, IN_DOUBT).values(
        state=BatchState.PREPARED.value, reason="", unknown_at=None, settled_at=None
    )
    return connection.execute(statement).rowcount == 1


def doubt(connection: sa.Connection, key: BatchKey, *, reason: str, now: datetime) -> bool:
    """Mark a prepared batch as unknown: an attempt at another batch may have submitted it."""
    statement = _update(key, [BatchState.PREPARED]).values(
        state=BatchState.UNKNOWN.value, reason=reason, unknown_at=now
    )
    return connection.execute(statement).rowcount == 1


def raise_attempt(connection: sa.Connection, key: BatchKey, attempt: int) -> None:
    """Let the next attempt at a batch have a higher number than `attempt`."""
    lower = batches.update().where(*_is(key), batches.c.attempt < attempt)
    connection.execute(lower.values(attempt=attempt))


def set_not_before(connection: sa.Connection, key: BatchKey, moment: datetime | None) -> None:
    """Let a prepared batch wait until a moment."""
    statement = _update(key, [BatchState.PREPARED]).values(not_before=moment)
    connection.execute(statement)


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
    connection: sa.Connection,
    key: BatchKey,
    *,
    submitted: int = 0,
    refused: int = 0,
    withdrawn: int = 0,
) -> None:
    """Add to the recipients of a batch that were settled one by one."""
    connection.execute(
        batches.update()
        .where(*_is(key))
        .values(
            submitted=batches.c.submitted + submitted,
            refused=batches.c.refused + refused,
            withdrawn=batches.c.withdrawn + withdrawn,
        )
    )


def unknown(connection: sa.Connection, before: datetime, now: datetime) -> list[UnknownBatch]:
    """Return every batch whose outcome has been unknown since before `before`."""
    b = batches.c
    query = (
        sa.select(*_COLUMNS, issues.c.newsletter, issues.c.state.label("issue_state"))
        .join(issues, issues.c.id == b.issue_id)
        .where(
            b.state == BatchState.UNKNOWN.value,
            # A time in the future was set while a clock had jumped ahead.
            sa.or_(b.unknown_at <= before, b.unknown_at > now + SKEW),
        )
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


def outlines(connection: sa.Connection, issue_id: int) -> dict[int, BatchOutline]:
    """Return the outline of each batch of an issue by its number."""
    b = batches.c
    query = sa.select(b.seq, b.first_seq, b.last_seq, b.state, b.attempt).where(
        b.issue_id == issue_id
    )
    return {
        seq: BatchOutline(first, last, BatchState(state), attempt)
        for seq, first, last, state, attempt in connection.execute(query)
    }


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


def unsettled(connection: sa.Connection, issue_id: int) -> bool:
    """Return whether any batch may still change without a new decision of a person."""
    query = sa.select(sa.literal(1)).where(
        batches.c.issue_id == issue_id, batches.c.state.in_(_values(UNSETTLED))
    )
    return connection.scalar(query.limit(1)) is not None


def any_in(connection: sa.Connection, states: Collection[BatchState]) -> bool:
    """Return whether any batch is in one of these states."""
    query = sa.select(sa.literal(1)).where(batches.c.state.in_(_values(states)))
    return connection.scalar(query.limit(1)) is not None


def failed_since(connection: sa.Connection, issue_id: int, since: datetime) -> int:
    """Count the batches of an issue that became unknown, held or refused after `since`."""
    b = batches.c
    ambiguous = b.state.in_(_values(IN_DOUBT))
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


def forget_future(connection: sa.Connection, now: datetime) -> int:
    """Release batches that wait absurdly long, because a clock had jumped ahead; return how many.

    A batch waits for its part of a spread, or a short time after a deferral (with a reason).
    """
    b = batches.c
    statement = batches.update().where(
        b.state == BatchState.PREPARED.value,
        sa.or_(
            b.not_before > now + LONGEST_SPREAD,
            sa.and_(b.reason != "", b.not_before > now + LONGEST_DEFERRAL),
        ),
    )
    return connection.execute(statement.values(not_before=None)).rowcount


def last_seq(connection: sa.Connection, issue_id: int) -> int:
    """Return the number of the last batch of an issue, 0 if it has none."""
    query = sa.select(sa.func.max(batches.c.seq)).where(batches.c.issue_id == issue_id)
    return int(connection.scalar(query) or 0)


def waiting(connection: sa.Connection) -> list[Batch]:
    """Return every batch that needs a person, or soon may, oldest issue first."""
    b = batches.c
    query = sa.select(*_COLUMNS).where(b.state.in_(_values(DECIDABLE))).order_by(b.issue_id, b.seq)
    return [_batch(row) for row in connection.execute(query).mappings()]


def accepted(
    connection: sa.Connection, attempts: Iterable[tuple[int, int, int]]
) -> set[tuple[int, int, int]]:
    """Return which of these attempts (issue, batch, number) are the accepted ones of their batch."""
    by_issue: dict[int, set[int]] = {}
    for issue_id, seq, _ in attempts:
        by_issue.setdefault(issue_id, set()).add(seq)
    found = set()
    for issue_id, numbers in by_issue.items():
        query = sa.select(batches.c.seq, batches.c.attempt).where(
            batches.c.issue_id == issue_id,
            batches.c.seq.in_(numbers),
            batches.c.state == BatchState.ACCEPTED.value,
        )
        found |= {(issue_id, row[0], row[1]) for row in connection.execute(query)}
    return found


def last_accepted(connection: sa.Connection, provider: str) -> datetime | None:
    """Return when a provider last accepted a batch; None if it never did."""
    query = sa.select(sa.func.max(batches.c.settled_at)).where(
        batches.c.provider == provider, batches.c.state == BatchState.ACCEPTED.value
    )
    latest: datetime | None = connection.scalar(query)
    return latest


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


def _is(key: BatchKey) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    return (batches.c.issue_id == key[0], batches.c.seq == key[1])


def _update(key: BatchKey, from_states: Collection[BatchState]) -> sa.Update:
    return batches.update().where(*_is(key), batches.c.state.in_(_values(from_states)))


def _values(states: Collection[BatchState]) -> list[str]:
    return sorted(state.value for state in states)


def _batch(row: sa.RowMapping) -> Batch:
    values = {name: row[name] for name in Batch.__dataclass_fields__}
    return Batch(**values | {"state": BatchState(row["state"])})
