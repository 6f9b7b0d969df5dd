"""Notices: single automatic emails, queued in the transaction that causes them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.model.states import RANK, DeliveryState
from newsletter.store.database import insert_ignoring_conflicts
from newsletter.store.tables import notices
from subscribers.model import NoticeKind

LONGEST_WAIT = timedelta(hours=3)
QUEUED = "queued"
SUBMITTING = "submitting"
SUBMITTED = "submitted"
REFUSED = "refused"
UNKNOWN = "unknown"
REPORTED = (
    DeliveryState.DEFERRED,
    DeliveryState.DELIVERED,
    DeliveryState.BLOCKED,
    DeliveryState.BOUNCED,
    DeliveryState.DROPPED,
    DeliveryState.COMPLAINED,
)
"""The states that the provider reports of a notice after it was submitted."""
FAILED = frozenset(state.value for state in REPORTED) - {DeliveryState.DELIVERED.value}
"""The states that mean trouble with the address, or with our emails there."""
SETTLED = (SUBMITTED, REFUSED, UNKNOWN, *(state.value for state in REPORTED))
"""The states in which a notice is not submitted again."""
LIMIT = 3
"""How often a notice with an unknown outcome is submitted; then it stays unknown."""


@dataclass(frozen=True, slots=True)
class Notice:
    """An email to write: to a subscriber, or to an address without one (staff)."""

    kind: NoticeKind
    key: str
    subscriber_id: int | None = None
    address: str = ""
    language: str = ""
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def is_to_subscriber(self) -> bool:
        """Return whether it goes to the address that the subscriber has when it leaves."""
        return self.subscriber_id is not None and self.kind is not NoticeKind.ADDRESS_CHANGE


@dataclass(frozen=True, slots=True)
class Claimed:
    """A notice that this worker may submit until its lease ends."""

    id: int
    attempt: int
    notice: Notice
    queued_at: datetime


def queue(connection: sa.Connection, notice: Notice, *, now: datetime) -> bool:
    """Queue a notice unless one with its key is kept; return whether it was new.

    A submitted notice is kept for the period `notices` of [retention], at least a week.
    """
    values = {
        "kind": notice.kind.value,
        "key": notice.key,
        "subscriber_id": notice.subscriber_id,
        "address": notice.address,
        "language": notice.language,
        "values": dict(notice.values),
        "state": QUEUED,
        "queued_at": now,
    }
    return insert_ignoring_conflicts(connection, notices, values, [notices.c.key]) is not None


def known(connection: sa.Connection, keys: Collection[str]) -> set[str]:
    """Return those of `keys` under which a notice is kept."""
    return set(connection.scalars(sa.select(notices.c.key).where(notices.c.key.in_(keys))))


def claim(
    connection: sa.Connection, *, kinds: Sequence[str] = (), now: datetime, lease_until: datetime
) -> Claimed | None:
    """Claim the oldest notice that may be submitted now, of these kinds if any are named."""
    n = notices.c
    # A time far in the future was set while a clock had jumped ahead.
    ended = sa.or_(n.lease_until < now, n.lease_until > now + LONGEST_WAIT)
    expired = sa.and_(n.state == SUBMITTING, ended, n.attempt < LIMIT)
    due = sa.or_(n.not_before.is_(None), n.not_before <= now, n.not_before > now + LONGEST_WAIT)
    query = (
        sa.select(notices)
        .where(sa.or_(n.state == QUEUED, expired), due)
        .order_by(n.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if kinds:
        query = query.where(n.kind.in_(kinds))
    row = connection.execute(query).mappings().first()
    if row is None:
        return None
    attempt = row["attempt"] + 1
    connection.execute(
        notices.update()
        .where(n.id == row["id"])
        .values(state=SUBMITTING, attempt=attempt, lease_until=lease_until, not_before=None)
    )
    return Claimed(row["id"], attempt, _notice(row), row["queued_at"])


def settle(
    connection: sa.Connection,
    claimed: Claimed,
    state: str,
    *,
    now: datetime,
    reason: str = "",
    not_before: datetime | None = None,
) -> bool:
    """Record the result of an attempt, with the same fence as a batch."""
    n = notices.c
    result = connection.execute(
        notices.update()
        .where(n.id == claimed.id, n.attempt == claimed.attempt, n.state == SUBMITTING)
        .values(
            state=state,
            reason=reason,
            not_before=not_before,
            lease_until=None,
            settled_at=None if state == QUEUED else now,
        )
    )
    return result.rowcount == 1


@dataclass(frozen=True, slots=True)
class QueuedNotice:
    """A notice as it is stored: what it is, to whom, and what became of it."""

    id: int
    notice: Notice
    state: str
    queued_at: datetime
    settled_at: datetime | None = None
    reason: str = ""


def numbered(connection: sa.Connection, numbers: Collection[int]) -> dict[int, QueuedNotice]:
    """Return the notices with these numbers that were ever submitted."""
    n = notices.c
    query = sa.select(notices).where(n.id.in_(numbers), n.attempt > 0)
    rows = connection.execute(query).mappings()
    return {row["id"]: _queued_notice(row) for row in rows}


def of_person(connection: sa.Connection, subscriber_id: int) -> list[QueuedNotice]:
    """Return the notices to a subscriber, oldest first."""
    query = sa.select(notices).where(notices.c.subscriber_id == subscriber_id)
    rows = connection.execute(query.order_by(notices.c.id)).mappings()
    return [_queued_notice(row) for row in rows]


def report(
    connection: sa.Connection, number: int, state: DeliveryState, reason: str, *, now: datetime
) -> None:
    """Move a notice by rank to a state that the provider reported.

    A notice of which an event was seen has been submitted, even if its outcome was unknown: it is not
    submitted again. One that was refused stays so.
    """
    chosen = notices.c.id == number
    present = connection.scalar(sa.select(notices.c.state).where(chosen).with_for_update())
    if present == REFUSED or _rank(str(present)) >= RANK[state]:
        return
    connection.execute(
        notices.update()
        .where(chosen)
        .values(
            state=state.value,
            reason=reason,
            lease_until=None,
            not_before=None,
            settled_at=sa.func.coalesce(notices.c.settled_at, now),
        )
    )


def _rank(state: str) -> int:
    reported = {known.value for known in (DeliveryState.SUBMITTED, *REPORTED)}
    return RANK[DeliveryState(state)] if state in reported else RANK[DeliveryState.PENDING]


def give_up(connection: sa.Connection, now: datetime) -> int:
    """Mark as unknown what got no result at the last attempt; return how many."""
    n = notices.c
    result = connection.execute(
        notices.update()
        .where(n.state == SUBMITTING, n.lease_until < now, n.attempt >= LIMIT)
        .values(state=UNKNOWN, settled_at=now, reason="no answer was seen")
    )
    return result.rowcount


def count(connection: sa.Connection) -> dict[str, int]:
    """Return how many notices are in each state that is not final."""
    query = (
        sa.select(notices.c.state, sa.func.count())
        .where(notices.c.state.in_([QUEUED, SUBMITTING]))
        .group_by(notices.c.state)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _queued_notice(row: Mapping[Any, Any]) -> QueuedNotice:
    return QueuedNotice(
        row["id"],
        _notice(row),
        row["state"],
        row["queued_at"],
        row["settled_at"],
        row["reason"],
    )


def _notice(row: Mapping[Any, Any]) -> Notice:
    return Notice(
        NoticeKind(row["kind"]),
        row["key"],
        row["subscriber_id"],
        row["address"],
        row["language"],
        row["values"],
    )
