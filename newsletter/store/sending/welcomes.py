"""The latest issue for new subscribers: who waits for it, and late deliveries of a sent issue."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.model.batch import Planned
from newsletter.model.states import DeliveryState, IssueState
from newsletter.store.sending import batches, partitions
from newsletter.store.tables import batches as batch_table
from newsletter.store.tables import deliveries, exclusions, issues, welcomes
from subscribers.consent.newcomers import confirmed_since

PATIENCE = timedelta(days=1)
"""How long after the confirmation the latest issue is still a welcome."""
AT_ONCE = 5000
"""New subscribers that one transaction takes; the next pass takes the next."""
SENT = (IssueState.SUBMITTING.value, IssueState.SUBMITTED.value)


def waiting(connection: sa.Connection, newsletter: str, now: datetime) -> dict[int, datetime]:
    """Return who has just confirmed a newsletter and has no welcome on record, and when.

    At most AT_ONCE, those first who have waited longest.
    """
    confirmed = confirmed_since(newsletter, now - PATIENCE).subquery()
    known = sa.exists().where(
        welcomes.c.newsletter == newsletter,
        welcomes.c.subscriber_id == confirmed.c.subscriber_id,
    )
    query = sa.select(confirmed).where(~known).order_by(confirmed.c.confirmed_at).limit(AT_ONCE)
    return {row.subscriber_id: row.confirmed_at for row in connection.execute(query)}


def latest_sent(connection: sa.Connection, newsletter: str) -> int | None:
    """Return the latest regular issue that has gone out, or is going out."""
    query = (
        sa.select(issues.c.id)
        .where(
            issues.c.newsletter == newsletter,
            issues.c.kind == "regular",
            issues.c.state.in_(SENT),
        )
        .order_by(issues.c.frozen_at.desc(), issues.c.id.desc())
        .limit(1)
    )
    found: int | None = connection.scalar(query)
    return found


def recipients(connection: sa.Connection, issue_id: int, among: Sequence[int]) -> set[int]:
    """Return which of these subscribers have a delivery of an issue."""
    query = sa.select(deliveries.c.subscriber_id).where(
        deliveries.c.issue_id == issue_id, deliveries.c.subscriber_id.in_(among)
    )
    return set(connection.scalars(query))


def record(
    connection: sa.Connection,
    newsletter: str,
    outcomes: Mapping[int, str],
    issue_id: int,
    confirmed: Mapping[int, datetime],
    now: datetime,
) -> None:
    """Put on record what each subscriber gets; a reason says why nothing is sent."""
    rows = [
        {
            "newsletter": newsletter,
            "subscriber_id": subscriber_id,
            "confirmed_at": confirmed[subscriber_id],
            "issue_id": issue_id,
            "reason": reason,
            "at": now,
        }
        for subscriber_id, reason in outcomes.items()
    ]
    if rows:
        connection.execute(welcomes.insert(), rows)


def add(
    connection: sa.Connection,
    issue_id: int,
    provider: str,
    chosen: Mapping[int, Sequence[int]],
    size: int,
) -> int:
    """Add deliveries to an issue that was sent: subscribers by edition; return the new total.

    A batch gets at most `size` of them. The issue must be locked. Its exclusions of these
    subscribers are taken back.
    """
    partitions.add(connection, issue_id)  # an old issue has lost its own to retention
    # By its batches, which retention keeps: a number is never used again.
    b = batch_table.c
    used = sa.select(sa.func.max(b.last_seq), sa.func.max(b.seq)).where(b.issue_id == issue_id)
    seq, number = (int(last or 0) for last in connection.execute(used).one())
    planned = []
    for edition_id, subscribers in _batches(chosen, size):
        rows = [
            {
                "issue_id": issue_id,
                "seq": seq + place,
                "subscriber_id": subscriber_id,
                "edition_id": edition_id,
                "state": DeliveryState.PENDING.value,
            }
            for place, subscriber_id in enumerate(subscribers, 1)
        ]
        connection.execute(deliveries.insert(), rows)
        number += 1
        planned.append(Planned(number, edition_id, seq + 1, seq + len(rows)))
        seq += len(rows)
        _take_back(connection, issue_id, subscribers)
    batches.plan(connection, issue_id, provider, planned)
    return seq


def _batches(chosen: Mapping[int, Sequence[int]], size: int) -> Iterator[tuple[int, Sequence[int]]]:
    for edition_id, subscribers in chosen.items():
        for start in range(0, len(subscribers), size):
            yield edition_id, subscribers[start : start + size]


def _take_back(connection: sa.Connection, issue_id: int, subscribers: Sequence[int]) -> None:
    mine = (exclusions.c.issue_id == issue_id, exclusions.c.subscriber_id.in_(subscribers))
    query = sa.select(exclusions.c.reason, sa.func.count()).where(*mine)
    gone = {row[0]: row[1] for row in connection.execute(query.group_by(exclusions.c.reason))}
    if not gone:
        return
    connection.execute(exclusions.delete().where(*mine))
    counted = connection.scalar(sa.select(issues.c.excluded).where(issues.c.id == issue_id)) or {}
    rest = {reason: number - gone.get(reason, 0) for reason, number in counted.items()}
    kept = {reason: number for reason, number in rest.items() if number > 0}
    connection.execute(issues.update().where(issues.c.id == issue_id).values(excluded=kept))


def reopen(connection: sa.Connection, issue_id: int, planned: int) -> None:
    """Let an issue that was sent continue with its new batches."""
    connection.execute(
        issues.update()
        .where(issues.c.id == issue_id)
        .values(planned=planned, state=IssueState.SUBMITTING.value)
    )
