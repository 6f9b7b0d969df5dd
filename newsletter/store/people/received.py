"""What somebody got of a newsletter lately, and what not and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.model.issue import NOTHING_NEW, IssueKind
from newsletter.model.states import DeliveryState, IssueState
from newsletter.store.tables import deliveries, exclusions, issues

_UNSENT = {
    IssueState.DRAFT: "not approved",
    IssueState.REVIEW: "not approved",
    IssueState.APPROVED: "about to leave",
    IssueState.PREPARING: "about to leave",
    IssueState.PAUSED: "stopped",
    IssueState.CANCELLED: "called off",
    IssueState.SKIPPED: "did not appear",
}
"""What became of an issue that was never meant for anybody: its audience was not frozen."""
_GOT = (
    DeliveryState.SUBMITTED,
    DeliveryState.DEFERRED,
    DeliveryState.DELIVERED,
    DeliveryState.COMPLAINED,
)


@dataclass(frozen=True, slots=True)
class Received:
    """One issue and one person: `reason` is empty where it was sent to them.

    The subject of an issue that nobody was sent is not told: it may never have been approved.
    """

    due_at: datetime
    subject: str
    reason: str


def lately(
    connection: sa.Connection, newsletter: str, subscriber_id: int, now: datetime, limit: int = 3
) -> list[Received]:
    """Return the latest issues that were due by now or left before, as one subscriber saw them.

    The newest comes first.
    """
    rows = connection.execute(
        sa.select(
            issues.c.due_at,
            issues.c.subject,
            issues.c.state,
            issues.c.reason.label("why"),
            issues.c.frozen_at,
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
        .where(
            issues.c.newsletter == newsletter,
            sa.or_(issues.c.due_at <= now, issues.c.frozen_at.is_not(None)),
            _for_readers(),
        )
        .order_by(issues.c.id.desc())
        .limit(limit)
    )
    return [Received(row.due_at, row.subject if _left(row) else "", _reason(row)) for row in rows]


def _for_readers() -> sa.ColumnElement[bool]:
    """Leave out corrections and specials that never left: no reader waits for them."""
    regular = issues.c.kind == IssueKind.REGULAR.value
    return sa.or_(regular, issues.c.frozen_at.is_not(None), issues.c.submitted_at.is_not(None))


def _left(row: sa.Row[*tuple[Any, ...]]) -> bool:
    """Tell whether an issue has an audience."""
    return row.frozen_at is not None or IssueState(row.state) not in _UNSENT


def _reason(row: sa.Row[*tuple[Any, ...]]) -> str:
    if row.delivery is None and row.exclusion is None:
        return "not subscribed then" if _left(row) else _unsent(row)
    if row.delivery in _GOT:
        return ""
    if row.delivery == DeliveryState.WITHDRAWN:
        return str(row.withdrawn or "cancelled")
    if row.delivery == DeliveryState.PENDING:
        waits = {IssueState.PAUSED: "stopped", IssueState.CANCELLED: "cancelled"}
        return waits.get(IssueState(row.state), "on its way")
    return str(row.delivery or row.exclusion)


def _unsent(row: sa.Row[*tuple[Any, ...]]) -> str:
    nothing = row.state == IssueState.SKIPPED and row.why == NOTHING_NEW
    return "no issue" if nothing else _UNSENT[IssueState(row.state)]
