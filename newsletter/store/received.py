"""What somebody got of a newsletter lately, and what not and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.model.delivery import DeliveryState
from newsletter.model.issue import IssueState
from newsletter.store.tables import deliveries, exclusions, issues

_OVER = (IssueState.SUBMITTING, IssueState.SUBMITTED, IssueState.SKIPPED, IssueState.MISSED)
_GOT = (
    DeliveryState.SUBMITTED,
    DeliveryState.DEFERRED,
    DeliveryState.DELIVERED,
    DeliveryState.COMPLAINED,
)


@dataclass(frozen=True, slots=True)
class Received:
    """One issue and one person: `reason` is empty where it was sent to them."""

    due_at: datetime
    subject: str
    reason: str


def lately(
    connection: sa.Connection, newsletter: str, subscriber_id: int, limit: int = 3
) -> list[Received]:
    """Return the latest issues that were due, newest first, as one subscriber saw them."""
    rows = connection.execute(
        sa.select(
            issues.c.due_at,
            issues.c.subject,
            issues.c.state,
            deliveries.c.state.label("delivery"),
            deliveries.c.reason.label("withdrawn"),
            exclusions.c.reason.label("exclusion"),
        )
        .outerjoin(
            deliveries,
            sa.and_(
                deliveries.c.issue_id == issues.c.id, deliveries.c.subscriber_id == subscriber_id
            ),
        )
        .outerjoin(
            exclusions,
            sa.and_(
                exclusions.c.issue_id == issues.c.id, exclusions.c.subscriber_id == subscriber_id
            ),
        )
        .where(issues.c.newsletter == newsletter, issues.c.state.in_(_OVER))
        .order_by(issues.c.id.desc())
        .limit(limit)
    )
    return [Received(row.due_at, row.subject, _reason(row)) for row in rows]


def _reason(row: sa.Row[*tuple[Any, ...]]) -> str:
    if row.delivery in _GOT:
        return ""
    if row.delivery == DeliveryState.WITHDRAWN:
        return str(row.withdrawn or "cancelled")
    if row.delivery is not None:
        return "on its way" if row.delivery == DeliveryState.PENDING else str(row.delivery)
    if row.state in {IssueState.SKIPPED, IssueState.MISSED}:
        return "no issue"
    return row.exclusion or "not subscribed then"
