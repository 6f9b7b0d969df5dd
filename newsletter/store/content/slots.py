"""Slots on record: claimed once for their issue, or skipped or missed with the reason.

The unique index on (newsletter, nominal) is what makes two claims at once harmless. A row in state
`active` is not a slot: it marks from when on a newsletter's present cadence applies.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from newsletter.model.agenda import SlotRecord
from newsletter.model.clock import JUMPED
from newsletter.model.issue import IssueKind
from newsletter.model.slot import HORIZON, Due, Ledger, Timing, free
from newsletter.model.states import UNFINISHED, IssueState
from newsletter.store.database import insert_ignoring_conflicts
from newsletter.store.tables import issues, slots

CLAIMED = "claimed"
ACTIVE = "active"
MISSED = "missed"
SKIPPED = "skipped"
SETTLED = timedelta(days=8)
REPLANNED = timedelta(days=2)
"""How far the time of a claimed slot can have changed: readers moved to other zones."""


def claim(
    connection: sa.Connection, newsletter: str, nominal: str, due_at: datetime, now: datetime
) -> int | None:
    """Claim a slot and return its id; None if it is claimed already or recorded as missed.

    Insert the issue in the same transaction, so that no slot is claimed without its issue.
    """
    return _insert(connection, newsletter, Due(nominal, due_at), now, CLAIMED, "")


def record(
    connection: sa.Connection,
    newsletter: str,
    due: Due,
    now: datetime,
    *,
    state: Literal["skipped", "missed"],
    reason: str,
) -> bool:
    """Put a slot on record without an issue; False if it is there already."""
    return _insert(connection, newsletter, due, now, state, reason) is not None


def forget(connection: sa.Connection, newsletter: str, nominal: str) -> bool:
    """Take a slot without an issue off the record; False if it is not there, or has an issue."""
    skipped = slots.delete().where(
        slots.c.newsletter == newsletter, slots.c.nominal == nominal, slots.c.state == "skipped"
    )
    return connection.execute(skipped).rowcount == 1


def ledger(connection: sa.Connection, newsletter: str, timing: Timing, now: datetime) -> Ledger:
    """Return what is on record, which `model.slot.due` plans from.

    The first time a newsletter is seen, and whenever its cadence or zone has changed, its slots
    count from `now`: nothing that lies before is made up for. What was on record `SETTLED` ago is
    not gone through again.
    """
    known = recorded(connection, newsletter, timing, now)
    if known is None:
        _insert(connection, newsletter, Due(_mark(now), now), now, ACTIVE, _in_force(timing))
        known = _since(connection, newsletter, now, now)
    return known


def recorded(
    connection: sa.Connection, newsletter: str, timing: Timing, now: datetime
) -> Ledger | None:
    """Return what is on record without writing; None if the present cadence is not in force yet."""
    row = connection.execute(_last_activation(newsletter)).first()
    if row is None or row.reason != _in_force(timing):
        return None
    since = max(row.due_at, _settled(connection, newsletter, now) or row.due_at)
    return _since(connection, newsletter, since, now)


def _in_force(timing: Timing) -> str:
    return f"{timing.cadence.text} {timing.zone}"


def _since(connection: sa.Connection, newsletter: str, since: datetime, now: datetime) -> Ledger:
    recent = _recorded(newsletter).where(slots.c.due_at >= max(since, now - HORIZON))
    return Ledger(since, frozenset(connection.scalars(recent.with_only_columns(slots.c.nominal))))


def ahead(
    connection: sa.Connection, newsletter: str, timing: Timing, now: datetime
) -> Iterator[Due]:
    """Walk the slots after `now` that have no issue and are not on record, the next one first."""
    return free(timing, taken_ahead(connection, newsletter, now), now)


def announced(
    connection: sa.Connection, newsletter: str, timing: Timing, now: datetime
) -> Iterator[Due]:
    """Walk the slots after `now` at which readers get an issue: those of `ahead`, and of open issues.

    A slot whose issue was sent ahead, skipped or cancelled is not among them.
    """
    unsent = (
        sa.select(slots.c.nominal)
        .join(issues, issues.c.slot_id == slots.c.id)
        .where(
            slots.c.newsletter == newsletter,
            issues.c.frozen_at.is_(None),
            issues.c.state.in_([state.value for state in UNFINISHED]),
        )
    )
    taken = taken_ahead(connection, newsletter, now)
    return free(timing, taken.difference(connection.scalars(unsent)), now)


def taken_ahead(connection: sa.Connection, newsletter: str, now: datetime) -> frozenset[str]:
    """Return the nominal times of slots that have an issue or are on record: all after `now`."""
    ahead = _recorded(newsletter).where(slots.c.due_at > now - REPLANNED)
    return frozenset(connection.scalars(ahead.with_only_columns(slots.c.nominal)))


def issues_on(connection: sa.Connection, newsletter: str, day: date) -> frozenset[str]:
    """Return the nominal times of a day that have a regular issue which was or will be sent."""
    gone = [state.value for state in (IssueState.SKIPPED, IssueState.CANCELLED)]
    found = sa.select(slots.c.nominal).join(issues, issues.c.slot_id == slots.c.id)
    found = found.where(
        slots.c.newsletter == newsletter,
        slots.c.nominal.startswith(day.isoformat()),
        issues.c.state.not_in(gone),
        issues.c.kind == IssueKind.REGULAR.value,
    )
    return frozenset(connection.scalars(found))


def records(connection: sa.Connection, newsletter: str, since: datetime) -> dict[str, SlotRecord]:
    """Return what is on record of the slots due from a time on, by nominal time."""
    query = (
        sa.select(
            slots,
            issues.c.id.label("issue_id"),
            issues.c.state.label("issue_state"),
            issues.c.reason.label("why"),
        )
        .outerjoin(issues, issues.c.slot_id == slots.c.id)
        .where(slots.c.newsletter == newsletter, slots.c.state != ACTIVE, slots.c.due_at >= since)
    )
    return {
        row.nominal: SlotRecord(row.issue_state or row.state, row.why or row.reason, row.issue_id)
        for row in connection.execute(query)
    }


def _recorded(newsletter: str) -> sa.Select[datetime]:
    return sa.select(slots.c.due_at).where(
        slots.c.newsletter == newsletter, slots.c.state != ACTIVE
    )


def _settled(connection: sa.Connection, newsletter: str, now: datetime) -> datetime | None:
    latest = _recorded(newsletter).where(slots.c.due_at <= now - SETTLED)
    return connection.scalar(latest.order_by(slots.c.due_at.desc()).limit(1))


def _last_activation(newsletter: str) -> sa.Select[str, datetime]:
    return (
        sa.select(slots.c.reason, slots.c.due_at)
        .where(slots.c.newsletter == newsletter, slots.c.state == ACTIVE)
        .order_by(slots.c.due_at.desc(), slots.c.id.desc())
        .limit(1)
    )


def _mark(now: datetime) -> str:
    """Return a nominal that no slot can have: it carries its zone and the microsecond."""
    return f"active {now.astimezone(UTC).isoformat()}"


def _insert(
    connection: sa.Connection,
    newsletter: str,
    due: Due,
    now: datetime,
    state: str,
    reason: str,
) -> int | None:
    row = {
        "newsletter": newsletter,
        "nominal": due.nominal,
        "due_at": due.due_at,
        "state": state,
        "reason": reason,
        "claimed_at": now,
    }
    key = [slots.c.newsletter, slots.c.nominal]
    return insert_ignoring_conflicts(connection, slots, row, key)


@dataclass(frozen=True, slots=True)
class UnusedSlot:
    """A slot that has no issue: in which state it was put on record, when and why."""

    newsletter: str
    nominal: str
    state: str
    reason: str
    at: datetime


def without_issue(connection: sa.Connection, since: datetime) -> list[UnusedSlot]:
    """Return the slots that were recorded without an issue since a time."""
    s = slots.c
    query = sa.select(s.newsletter, s.nominal, s.state, s.reason, s.claimed_at).where(
        s.state.in_(["skipped", "missed"]), s.claimed_at >= since
    )
    return [UnusedSlot(*row) for row in connection.execute(query.order_by(s.id))]


def is_from_future(connection: sa.Connection, now: datetime) -> bool:
    """Return whether a clock that had jumped ahead put slots on record."""
    return bool(connection.scalar(sa.select(sa.exists().where(_from_future(now)))))


def forget_future(connection: sa.Connection, now: datetime) -> int:
    """Free the slots that a clock that had jumped ahead recorded as missed or skipped."""
    return connection.execute(slots.delete().where(_from_future(now))).rowcount


def _from_future(now: datetime) -> sa.ColumnElement[bool]:
    limit = now + JUMPED
    return sa.or_(
        sa.and_(slots.c.state.in_([MISSED, ACTIVE]), slots.c.due_at > limit),
        sa.and_(slots.c.state == SKIPPED, slots.c.claimed_at > limit),
    )


def latest_record(connection: sa.Connection) -> datetime | None:
    """Return when a slot was last put on record, to see whether a clock has gone back."""
    latest = sa.select(slots.c.claimed_at).order_by(slots.c.claimed_at.desc()).limit(1)
    return connection.scalar(latest)
