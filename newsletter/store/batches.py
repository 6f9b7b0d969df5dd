"""Batches and their attempts: claimed before a byte leaves, settled behind a fence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.model.batch import UNSETTLED, BatchState, Claim, Planned, Result
from newsletter.model.issue import IssueState
from newsletter.store.tables import attempts, batches, issues

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


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which batches a worker may claim: of these providers, not of these newsletters."""

    providers: Sequence[str]
    quiet: Sequence[str] = ()


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


def claim(
    connection: sa.Connection, wanted: Wanted, *, owner: str, now: datetime, lease_until: datetime
) -> Claim | None:
    """Take the first batch that may leave now and note the attempt; None when there is none.

    The caller commits before it submits anything: from then on this attempt may have happened.
    """
    row = connection.execute(_claimable(wanted, now)).mappings().first()
    if row is None:
        return None
    attempt = row["attempt"] + 1
    connection.execute(
        batches.update()
        .where(*_is(row["issue_id"], row["seq"]))
        .values(
            state=BatchState.SUBMITTING.value,
            attempt=attempt,
            owner=owner,
            lease_until=lease_until,
            not_before=None,
            unknown_at=None,
            reason="",
        )
    )
    connection.execute(
        attempts.insert().values(
            issue_id=row["issue_id"],
            seq=row["seq"],
            attempt=attempt,
            provider=row["provider"],
            owner=owner,
            began_at=now,
        )
    )
    return _claim(row, attempt, lease_until)


def _claimable(wanted: Wanted, now: datetime) -> sa.Select[Any]:
    b = batches.c
    return (
        sa.select(batches, issues.c.newsletter)
        .join(issues, issues.c.id == b.issue_id)
        .where(
            b.state == BatchState.PREPARED.value,
            b.provider.in_(wanted.providers),
            sa.or_(b.not_before.is_(None), b.not_before <= now),
            issues.c.state == IssueState.SUBMITTING.value,
            issues.c.newsletter.not_in(wanted.quiet),
        )
        .order_by(b.issue_id, b.seq)
        .limit(1)
        .with_for_update(of=batches, skip_locked=True)
    )


def _claim(row: Mapping[Any, Any], attempt: int, lease_until: datetime) -> Claim:
    return Claim(
        issue_id=row["issue_id"],
        seq=row["seq"],
        attempt=attempt,
        newsletter=row["newsletter"],
        edition_id=row["edition_id"],
        provider=row["provider"],
        first=row["first_seq"],
        last=row["last_seq"],
        rejections=row["rejections"],
        lease_until=lease_until,
    )


def settle(connection: sa.Connection, claim: Claim, result: Result, *, now: datetime) -> bool:
    """Record what became of an attempt; return False when it is no longer this attempt's to say.

    The fence: a worker that was stopped past its lease finds its batch in other hands, and what it
    has to say is noted beside the attempt only.
    """
    fenced = connection.execute(
        batches.update()
        .where(
            *_is(claim.issue_id, claim.seq),
            batches.c.attempt == claim.attempt,
            batches.c.state == BatchState.SUBMITTING.value,
        )
        .values(**_settled(result, now))
    )
    mine = fenced.rowcount == 1
    connection.execute(
        attempts.update()
        .where(
            attempts.c.issue_id == claim.issue_id,
            attempts.c.seq == claim.seq,
            attempts.c.attempt == claim.attempt,
        )
        .values(
            outcome=result.state.value if mine else f"late: {result.state}",
            reason=result.reason,
            ended_at=now,
        )
    )
    return mine


def _settled(result: Result, now: datetime) -> dict[str, object]:
    b = batches.c
    values: dict[str, object] = {
        "state": result.state.value,
        "reason": result.reason,
        "lease_until": None,
        "not_before": result.not_before,
    }
    if result.refused:
        values["refused"] = b.refused + result.refused
    if result.submitted:
        values["submitted"] = b.submitted + result.submitted
    if result.rejected:
        values["rejections"] = b.rejections + 1
    if result.state is BatchState.UNKNOWN:
        values["unknown_at"] = now
    if result.state in {BatchState.ACCEPTED, BatchState.REFUSED}:
        values["settled_at"] = now
    if result.state is BatchState.ACCEPTED:
        values["message_id"] = result.message_id
        values["submitted"] = b.planned - b.refused - b.withdrawn - result.refused
    return values


def count_withdrawn(connection: sa.Connection, claim: Claim, people: int) -> bool:
    """Count deliveries withdrawn at claim; False when the attempt is no longer this worker's."""
    result = connection.execute(
        batches.update()
        .where(
            *_is(claim.issue_id, claim.seq),
            batches.c.attempt == claim.attempt,
            batches.c.state == BatchState.SUBMITTING.value,
        )
        .values(withdrawn=batches.c.withdrawn + people)
    )
    return result.rowcount == 1


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


def expire(connection: sa.Connection, now: datetime) -> list[tuple[int, int]]:
    """Declare unknown every batch whose lease has ended without a word; return their keys."""
    b = batches.c
    rows = connection.execute(
        batches.update()
        .where(b.state == BatchState.SUBMITTING.value, b.lease_until < now)
        .values(
            state=BatchState.UNKNOWN.value,
            unknown_at=now,
            lease_until=None,
            reason="the worker that had it fell silent",
        )
        .returning(b.issue_id, b.seq)
    )
    return sorted((row[0], row[1]) for row in rows)


def unknown(connection: sa.Connection, before: datetime) -> list[Mapping[Any, Any]]:
    """Return every batch that has been unknown since before `before`."""
    b = batches.c
    query = (
        sa.select(batches, issues.c.newsletter)
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


def attempts_of(connection: sa.Connection, issue_id: int) -> list[Mapping[Any, Any]]:
    """Return every attempt at the batches of an issue, in order."""
    query = (
        sa.select(attempts)
        .where(attempts.c.issue_id == issue_id)
        .order_by(attempts.c.seq, attempts.c.attempt)
    )
    return list(connection.execute(query).mappings().all())


def unsettled(connection: sa.Connection, issue_id: int) -> bool:
    """Return whether any batch may still change without a new act of a person."""
    query = sa.select(sa.literal(1)).where(
        batches.c.issue_id == issue_id,
        batches.c.state.in_([state.value for state in UNSETTLED]),
    )
    return connection.scalar(query.limit(1)) is not None


def ambiguous_since(connection: sa.Connection, issue_id: int, since: datetime) -> int:
    """Count the batches of an issue that became unknown after `since` and still are, or are held."""
    b = batches.c
    query = sa.select(sa.func.count()).where(
        b.issue_id == issue_id,
        b.state.in_([BatchState.UNKNOWN.value, BatchState.HELD.value]),
        b.unknown_at > since,
    )
    return int(connection.scalar(query) or 0)


def next_moment(connection: sa.Connection, wanted: Wanted) -> datetime | None:
    """Return when the next waiting batch may leave; None when none waits for a time."""
    b = batches.c
    query = (
        sa.select(sa.func.min(b.not_before))
        .join(issues, issues.c.id == b.issue_id)
        .where(
            b.state == BatchState.PREPARED.value,
            b.provider.in_(wanted.providers),
            issues.c.state == IssueState.SUBMITTING.value,
        )
    )
    moment: datetime | None = connection.scalar(query)
    return moment


def stranded(connection: sa.Connection) -> list[int]:
    """Return the cancelled issues of which a batch came back unsent after the cancelling."""
    query = (
        sa.select(issues.c.id)
        .join(batches, batches.c.issue_id == issues.c.id)
        .where(
            issues.c.state == IssueState.CANCELLED.value,
            batches.c.state == BatchState.PREPARED.value,
        )
        .distinct()
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
