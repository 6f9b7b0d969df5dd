"""What a subscriber received of a newsletter recently, and why not the rest."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.model.issue import NOTHING_NEW, IssueKind, Item
from newsletter.model.reason import Reason
from newsletter.model.receipt import Receipt
from newsletter.model.states import DeliveryState, IssueState
from newsletter.store.content.issues import load_items
from newsletter.store.sending import outcomes, partitions
from newsletter.store.tables import deliveries, exclusions, issues, items

_UNSENT = {
    IssueState.DRAFT: Receipt.UNAPPROVED,
    IssueState.REVIEW: Receipt.UNAPPROVED,
    IssueState.APPROVED: Receipt.APPROVED,
    IssueState.PREPARING: Receipt.APPROVED,
    IssueState.PAUSED: Receipt.PAUSED,
    IssueState.CANCELLED: Receipt.CALLED_OFF,
    IssueState.SKIPPED: Receipt.SKIPPED,
}
"""What became of an issue whose audience was never frozen."""
_PENDING: Mapping[IssueState, Receipt | Reason] = {
    IssueState.PAUSED: Receipt.PAUSED,
    IssueState.CANCELLED: Reason.CANCELLED,
}
"""What became of a delivery that is not submitted, where its issue is not being sent."""
_EARLIER = {"nothing in it that they follow": Reason.NOTHING_FOLLOWED}
"""Reasons as earlier versions stored them."""


@dataclass(frozen=True, slots=True)
class Received:
    """One issue and one subscriber.

    The subject is empty for an issue that was not sent: it may never have been approved.
    """

    due_at: datetime
    subject: str
    outcome: Receipt | Reason


def lately(
    connection: sa.Connection, newsletter: str, subscriber_id: int, now: datetime, limit: int = 3
) -> list[Received]:
    """Return the latest issues that were due or sent by now, as one subscriber saw them, newest first."""
    due = sa.or_(issues.c.due_at <= now, issues.c.frozen_at.is_not(None))
    shown = _newest(connection, limit, issues.c.newsletter == newsletter, due, _for_readers())
    rows = connection.execute(
        sa.select(
            issues.c.due_at,
            issues.c.subject,
            issues.c.state,
            issues.c.reason.label("why"),
            issues.c.frozen_at,
            outcomes.state().label("delivery"),
            outcomes.reason().label("withdrawn"),
            exclusions.c.reason.label("exclusion"),
        )
        .outerjoin(deliveries, _row_of(deliveries, subscriber_id, shown))
        .outerjoin(exclusions, _row_of(exclusions, subscriber_id, shown))
        .where(issues.c.id.in_(shown))
        .order_by(issues.c.id.desc())
    )
    return [
        Received(row.due_at, row.subject if _frozen(row) else "", _outcome(row)) for row in rows
    ]


@dataclass(frozen=True, slots=True)
class IssueOutcome:
    """What became of one issue for one subscriber, as staff see it.

    `state` is that of the delivery, None without one; `reason` is then why they were left out.
    """

    issue_id: int
    newsletter: str
    subject: str
    due_at: datetime
    state: DeliveryState | None
    reason: str


def frozen(
    connection: sa.Connection, newsletters: Collection[str], subscriber_id: int, limit: int = 100
) -> list[IssueOutcome]:
    """Return the issues whose audience was chosen, as one subscriber got them or not, newest first."""
    known = (issues.c.newsletter.in_(newsletters), issues.c.frozen_at.is_not(None))
    shown = _newest(connection, limit, *known)
    rows = connection.execute(
        sa.select(
            issues.c.id,
            issues.c.newsletter,
            issues.c.subject,
            issues.c.due_at,
            sa.case((deliveries.c.seq.is_not(None), outcomes.state())).label("delivery"),
            sa.func.coalesce(outcomes.reason(), exclusions.c.reason).label("why"),
        )
        .outerjoin(deliveries, _row_of(deliveries, subscriber_id, shown))
        .outerjoin(exclusions, _row_of(exclusions, subscriber_id, shown))
        .where(issues.c.id.in_(shown))
        .order_by(issues.c.id.desc())
    )
    return [
        IssueOutcome(
            row.id,
            row.newsletter,
            row.subject,
            row.due_at,
            DeliveryState(row.delivery) if row.delivery is not None else None,
            row.why or ("" if row.delivery is not None else Reason.NOT_SUBSCRIBED.value),
        )
        for row in rows
    ]


def last_issue(connection: sa.Connection, newsletter: str, subscriber_id: int) -> int | None:
    """Return the latest issue of a newsletter with a delivery to a subscriber, in any state."""
    frozen_issues = (issues.c.newsletter == newsletter, issues.c.frozen_at.is_not(None))
    return _last_of(connection, _newest(connection, None, *frozen_issues), subscriber_id)


def item(
    connection: sa.Connection, newsletter: str, subscriber_id: int, article_id: int
) -> Item | None:
    """Return an article as printed in the latest issue with a delivery to a subscriber, or None.

    The delivery's state does not count: they ask by a link from the email.
    """
    with_article = sa.select(items.c.issue_id).where(
        items.c.article_id == article_id, items.c.included
    )
    printing = (issues.c.newsletter == newsletter, issues.c.id.in_(with_article))
    issue_id = _last_of(connection, _newest(connection, None, *printing), subscriber_id)
    printed = load_items(connection, issue_id) if issue_id is not None else ()
    return next((found for found in printed if found.article_id == article_id), None)


def _newest(
    connection: sa.Connection, limit: int | None, *conditions: sa.ColumnElement[bool]
) -> list[int]:
    """Return the issues that meet all conditions, newest first."""
    query = sa.select(issues.c.id).where(*conditions).order_by(issues.c.id.desc()).limit(limit)
    return list(connection.scalars(query))


def _row_of(
    table: sa.Table, subscriber_id: int, issue_ids: Collection[int]
) -> sa.ColumnElement[bool]:
    """Return the condition that a delivery or an exclusion is a subscriber's, of one of these issues."""
    return sa.and_(
        table.c.issue_id == issues.c.id,
        table.c.issue_id.in_(issue_ids),
        table.c.subscriber_id == subscriber_id,
    )


def _last_of(connection: sa.Connection, issue_ids: Sequence[int], subscriber_id: int) -> int | None:
    """Return the first of these issues, newest first, with a delivery to a subscriber."""
    for part in partitions.each_part(connection, issue_ids):
        query = sa.select(sa.func.max(deliveries.c.issue_id)).where(
            deliveries.c.issue_id.in_(part),
            deliveries.c.subscriber_id == subscriber_id,
        )
        if found := connection.scalar(query):
            return int(found)
    return None


def _for_readers() -> sa.ColumnElement[bool]:
    """Leave out corrections and specials that were never sent: no reader waits for them."""
    regular = issues.c.kind == IssueKind.REGULAR.value
    return sa.or_(regular, issues.c.frozen_at.is_not(None), issues.c.submitted_at.is_not(None))


def _frozen(row: sa.Row[*tuple[Any, ...]]) -> bool:
    """Whether an issue has an audience."""
    return row.frozen_at is not None or IssueState(row.state) not in _UNSENT


def _outcome(row: sa.Row[*tuple[Any, ...]]) -> Receipt | Reason:
    if row.delivery is not None:
        return _of_delivery(row)
    if row.exclusion is not None:
        return _parsed(row.exclusion) or Receipt.LEFT_OUT
    return Reason.NOT_SUBSCRIBED if _frozen(row) else _unsent(row)


def _of_delivery(row: sa.Row[*tuple[Any, ...]]) -> Receipt | Reason:
    match DeliveryState(row.delivery):
        case DeliveryState.WITHDRAWN:
            return _parsed(row.withdrawn) or Reason.CANCELLED
        case DeliveryState.PENDING:
            return _PENDING.get(IssueState(row.state), Receipt.SENDING)
        case (
            DeliveryState.BLOCKED
            | DeliveryState.BOUNCED
            | DeliveryState.DROPPED
            | DeliveryState.REFUSED
        ):
            return Receipt.FAILED
        case _:
            return Receipt.SENT


def _parsed(stored: str | None) -> Reason | None:
    return _EARLIER.get(stored or "") or Reason.parse(stored or "")


def _unsent(row: sa.Row[*tuple[Any, ...]]) -> Receipt:
    nothing = row.state == IssueState.SKIPPED and row.why == NOTHING_NEW
    return Receipt.NOTHING_NEW if nothing else _UNSENT[IssueState(row.state)]
