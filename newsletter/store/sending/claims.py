"""Claims: the right of one worker to submit a batch once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.model.batch import BatchKey, Claim, Result
from newsletter.model.states import BatchState, IssueState
from newsletter.store.content.issues import lock
from newsletter.store.sending import arms, attempts
from newsletter.store.tables import batches, issues, rates
from newsletter.store.types import UtcDateTime

LONGEST_LEASE = timedelta(minutes=30)
"""No lease ends later than this from now, unless a clock has jumped."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which batches a worker may claim: of these providers, except `quiet` newsletters."""

    providers: Sequence[str]
    quiet: Sequence[str] = ()


# These statements run once per batch. Building one takes SQLAlchemy longer than the database needs
# to run it, so they are built once.
_MAY_BE_CLAIMED = (
    batches.c.state == sa.literal(BatchState.PREPARED.value, literal_execute=True),
    batches.c.provider.in_(sa.bindparam("providers", expanding=True)),
    batches.c.provider.not_in(
        sa.select(rates.c.name).where(rates.c.free_at > sa.bindparam("epoch"))
    ),
    sa.or_(
        batches.c.not_before.is_(None),
        batches.c.not_before <= sa.bindparam("now", type_=UtcDateTime),
    ),
    issues.c.state == IssueState.SUBMITTING.value,
    issues.c.newsletter.not_in(sa.bindparam("quiet", expanding=True)),
    ~arms.undecided(),
)
# Issue by issue, because PostgreSQL sorts all batches that wait if its statistics are older than
# the issue. With the state in the text of the statement, the index of claimable batches is used.
_SUBMITTING = (
    sa.select(issues.c.id)
    .where(
        issues.c.state == IssueState.SUBMITTING.value,
        issues.c.newsletter.not_in(sa.bindparam("quiet", expanding=True)),
    )
    .order_by(issues.c.id)
)
_CLAIMABLE = (
    sa.select(batches, issues.c.newsletter, issues.c.reader_time)
    .join(issues, issues.c.id == batches.c.issue_id)
    .where(*_MAY_BE_CLAIMED, batches.c.issue_id == sa.bindparam("of_issue"))
    .order_by(batches.c.seq)
    .limit(1)
    .with_for_update(of=batches, skip_locked=True)
)
_KEY = (
    batches.c.issue_id == sa.bindparam("of_issue"),
    batches.c.seq == sa.bindparam("of_seq"),
)
_CLAIMED = (
    batches.update()
    .where(*_KEY)
    .values(
        state=BatchState.SUBMITTING.value,
        attempt=sa.bindparam("number"),
        owner=sa.bindparam("worker"),
        lease_until=sa.bindparam("until"),
        not_before=None,
        reason="",
    )
)
_FENCE = (
    *_KEY,
    batches.c.attempt == sa.bindparam("of_attempt"),
    batches.c.state == BatchState.SUBMITTING.value,
)
_SETTLED = (
    batches.update()
    .where(*_FENCE)
    .values(
        state=sa.bindparam("now_state"),
        reason=sa.bindparam("why"),
        not_before=sa.bindparam("later"),
        unknown_at=sa.func.coalesce(
            sa.bindparam("unknown_since", type_=UtcDateTime), batches.c.unknown_at
        ),
        settled_at=sa.bindparam("settled"),
        message_id=sa.bindparam("received"),
        refused=batches.c.refused + sa.bindparam("refused_now"),
        rejections=batches.c.rejections + sa.bindparam("rejected_now"),
        lease_until=None,
    )
)
_ACCEPTED = _SETTLED.values(
    submitted=batches.c.planned
    - batches.c.refused
    - batches.c.withdrawn
    - sa.bindparam("refused_now")
)
_OTHERWISE = _SETTLED.values(submitted=batches.c.submitted + sa.bindparam("submitted_now"))


def claim(
    connection: sa.Connection, wanted: Wanted, *, owner: str, now: datetime, lease_until: datetime
) -> Claim | None:
    """Claim the first batch that may be submitted now; return None if there is none.

    The caller must commit before it submits: a crash after that is then seen as an unknown outcome.
    """
    row = _first(connection, wanted, now)
    if row is None:
        return None
    attempt = row["attempt"] + 1
    key = {"of_issue": row["issue_id"], "of_seq": row["seq"]}
    connection.execute(_CLAIMED, key | {"number": attempt, "worker": owner, "until": lease_until})
    return _claim(row, attempt, owner, lease_until)


def _first(connection: sa.Connection, wanted: Wanted, now: datetime) -> sa.RowMapping | None:
    asked = _asked(wanted, now)
    for issue_id in connection.scalars(_SUBMITTING, {"quiet": asked["quiet"]}).all():
        row = connection.execute(_CLAIMABLE, asked | {"of_issue": issue_id}).mappings().first()
        if row is not None:
            return row
    return None


def count_claimable(connection: sa.Connection, wanted: Wanted, now: datetime, most: int) -> int:
    """Count the batches that may be claimed now, up to `most`."""
    found = (
        sa.select(batches.c.seq)
        .join(issues, issues.c.id == batches.c.issue_id)
        .where(*_MAY_BE_CLAIMED)
        .limit(most)
    )
    query = sa.select(sa.func.count()).select_from(found.subquery())
    return connection.scalar(query, _asked(wanted, now)) or 0


def _asked(wanted: Wanted, now: datetime) -> dict[str, Any]:
    return {
        "providers": list(wanted.providers),
        "quiet": list(wanted.quiet),
        "now": now,
        "epoch": now.timestamp(),
    }


def _claim(row: Mapping[Any, Any], attempt: int, owner: str, lease_until: datetime) -> Claim:
    return Claim(
        issue_id=row["issue_id"],
        seq=row["seq"],
        attempt=attempt,
        newsletter=row["newsletter"],
        edition_id=row["edition_id"],
        provider=row["provider"],
        owner=owner,
        first=row["first_seq"],
        last=row["last_seq"],
        rejections=row["rejections"],
        lease_until=lease_until,
        unknown_at=row["unknown_at"],
        due_at=row["not_before"] if row["reader_time"] else None,
    )


def settle(connection: sa.Connection, claim: Claim, result: Result, *, now: datetime) -> bool:
    """Record the result of an attempt; return False if the batch is no longer this attempt's.

    This is the fence: the result of a worker that was stopped past the end of its lease is only
    noted beside the attempt, because another worker may have claimed the batch since.
    """
    key = {"of_issue": claim.issue_id, "of_seq": claim.seq, "of_attempt": claim.attempt}
    accepted = result.state is BatchState.ACCEPTED
    final = accepted or result.state is BatchState.REFUSED
    fenced = connection.execute(
        _ACCEPTED if accepted else _OTHERWISE,
        key
        | {
            "now_state": result.state.value,
            "why": result.reason,
            "later": result.not_before,
            "unknown_since": now if result.state is BatchState.UNKNOWN else None,
            "settled": now if final else None,
            "received": result.message_id,
            "refused_now": result.refused,
            "rejected_now": int(result.rejected),
        }
        | ({} if accepted else {"submitted_now": result.submitted}),
    )
    current = fenced.rowcount == 1
    if not current:
        lock(connection, claim.issue_id)  # attempts are noted under it
    if not (current and accepted):
        outcome = attempts.HALVED if result.halved else result.state.value
        last = result.cut - 1 if result.cut and not result.halved else claim.last
        noted = outcome if current else f"late: {outcome}"
        attempts.note(connection, claim, noted, result.reason, last, now)
    return current


def count_withdrawn(connection: sa.Connection, claim: Claim, people: int) -> bool:
    """Count withdrawn deliveries; return False if the batch is no longer this attempt's."""
    result = connection.execute(
        batches.update()
        .where(
            batches.c.issue_id == claim.issue_id,
            batches.c.seq == claim.seq,
            batches.c.attempt == claim.attempt,
            batches.c.state == BatchState.SUBMITTING.value,
        )
        .values(withdrawn=batches.c.withdrawn + people)
    )
    return result.rowcount == 1


def expire(
    connection: sa.Connection, now: datetime, is_dead: Callable[[str], bool] = lambda _owner: False
) -> list[BatchKey]:
    """Mark as unknown every batch whose worker is gone; return their keys.

    That is so if its lease has ended, if it is known to be dead, or if the lease ends absurdly
    late, because a clock had jumped ahead when the batch was claimed.
    """
    b = batches.c
    owners = connection.scalars(
        sa.select(b.owner).where(b.state == BatchState.SUBMITTING.value).distinct()
    )
    dead = [owner for owner in owners if is_dead(owner)]
    columns = (batches, issues.c.newsletter, issues.c.reader_time)
    query = sa.select(*columns).join(issues, issues.c.id == b.issue_id)
    gone = sa.or_(b.lease_until < now, b.lease_until > now + LONGEST_LEASE, b.owner.in_(dead))
    rows = connection.execute(
        query.where(b.state == BatchState.SUBMITTING.value, gone)
        .order_by(b.issue_id, b.seq)
        .with_for_update(of=batches, skip_locked=True)
    ).mappings()
    expired = [_claim(row, row["attempt"], row["owner"], row["lease_until"]) for row in rows.all()]
    result = Result(BatchState.UNKNOWN, "the worker stopped responding")
    return [claim.key for claim in expired if settle(connection, claim, result, now=now)]


def next_moment(connection: sa.Connection, wanted: Wanted, now: datetime) -> datetime | None:
    """Return when the next batch may be submitted, None if no batch waits for a time.

    A batch waits for its own time and for that of its provider.
    """
    b = batches.c
    query = (
        sa.select(b.provider, sa.func.min(b.not_before), rates.c.free_at)
        .join(issues, issues.c.id == b.issue_id)
        .outerjoin(rates, rates.c.name == b.provider)
        .where(
            b.state == BatchState.PREPARED.value,
            b.provider.in_(wanted.providers),
            issues.c.state == IssueState.SUBMITTING.value,
            issues.c.newsletter.not_in(wanted.quiet),
            ~arms.undecided(),
        )
        .group_by(b.provider, rates.c.free_at)
    )
    moments = [
        max(moment or now, datetime.fromtimestamp(free or 0, UTC))
        for _provider, moment, free in connection.execute(query)
    ]
    return min(moments, default=None)
