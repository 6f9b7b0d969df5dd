"""What a subscriber received of a newsletter recently, and why not the rest."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

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
    rows = _newest(connection, limit, issues.c.newsletter == newsletter, due, _for_readers())
    theirs = _theirs(connection, subscriber_id, [row.id for row in rows])
    return [
        Received(row.due_at, row.subject if _frozen(row) else "", _outcome(row, theirs.get(row.id)))
        for row in rows
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
    rows = _newest(connection, limit, *known)
    theirs = _theirs(connection, subscriber_id, [row.id for row in rows])
    not_there = _Theirs(None, Reason.NOT_SUBSCRIBED.value)
    return [
        IssueOutcome(
            row.id, row.newsletter, row.subject, row.due_at, *theirs.get(row.id, not_there)
        )
        for row in rows
    ]


def last_issue(connection: sa.Connection, newsletter: str, subscriber_id: int) -> int | None:
    """Return the latest issue of a newsletter with a delivery to a subscriber, in any state."""
    frozen_issues = (issues.c.newsletter == newsletter, issues.c.frozen_at.is_not(None))
    return _last_of(connection, subscriber_id, *frozen_issues)


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
    issue_id = _last_of(connection, subscriber_id, *printing)
    printed = load_items(connection, issue_id) if issue_id is not None else ()
    return next((found for found in printed if found.article_id == article_id), None)


def _newest(
    connection: sa.Connection, limit: int | None, *conditions: sa.ColumnElement[bool]
) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """Return the issues that meet all conditions, newest first."""
    i = issues.c
    shown = (i.id, i.newsletter, i.due_at, i.subject, i.state, i.reason, i.frozen_at)
    query = sa.select(*shown).where(*conditions).order_by(i.id.desc()).limit(limit)
    return connection.execute(query).all()


def _last_of(
    connection: sa.Connection, subscriber_id: int, *conditions: sa.ColumnElement[bool]
) -> int | None:
    """Return the newest issue that meets all conditions and has a delivery to a subscriber."""
    known = [row.id for row in _newest(connection, None, *conditions)]
    last = sa.func.max(deliveries.c.issue_id)
    mine = deliveries.c.subscriber_id == subscriber_id
    found = partitions.rows_of(
        connection, known, lambda part: sa.select(last).where(deliveries.c.issue_id.in_(part), mine)
    )
    return next((row[0] for row in found if row[0] is not None), None)


class _Theirs(NamedTuple):
    """What a subscriber has of an issue: a delivery in a state, or None and why they were left out."""

    delivery: DeliveryState | None
    reason: str


def _theirs(
    connection: sa.Connection, subscriber_id: int, issue_ids: Sequence[int]
) -> Mapping[int, _Theirs]:
    """Return what a subscriber has of these issues; nothing of those that did not know them."""
    columns = (outcomes.state().label("state"), outcomes.reason().label("reason"))
    got = partitions.of_subscriber(connection, deliveries, subscriber_id, issue_ids, *columns)
    found = {row.issue_id: _Theirs(DeliveryState(row.state), row.reason or "") for row in got}
    rest = [issue_id for issue_id in issue_ids if issue_id not in found]
    left_out = partitions.of_subscriber(
        connection, exclusions, subscriber_id, rest, exclusions.c.reason
    )
    return found | {row.issue_id: _Theirs(None, row.reason) for row in left_out}


def _for_readers() -> sa.ColumnElement[bool]:
    """Leave out corrections and specials that were never sent: no reader waits for them."""
    regular = issues.c.kind == IssueKind.REGULAR.value
    return sa.or_(regular, issues.c.frozen_at.is_not(None), issues.c.submitted_at.is_not(None))


def _frozen(issue: sa.Row[*tuple[Any, ...]]) -> bool:
    """Whether an issue has an audience."""
    return issue.frozen_at is not None or IssueState(issue.state) not in _UNSENT


def _outcome(issue: sa.Row[*tuple[Any, ...]], theirs: _Theirs | None) -> Receipt | Reason:
    if theirs is None:
        return Reason.NOT_SUBSCRIBED if _frozen(issue) else _unsent(issue)
    if theirs.delivery is None:
        return _parsed(theirs.reason) or Receipt.LEFT_OUT
    return _of_delivery(issue, theirs.delivery, theirs.reason)


def _of_delivery(
    issue: sa.Row[*tuple[Any, ...]], state: DeliveryState, reason: str
) -> Receipt | Reason:
    match state:
        case DeliveryState.WITHDRAWN:
            return _parsed(reason) or Reason.CANCELLED
        case DeliveryState.PENDING:
            return _PENDING.get(IssueState(issue.state), Receipt.SENDING)
        case (
            DeliveryState.BLOCKED
            | DeliveryState.BOUNCED
            | DeliveryState.DROPPED
            | DeliveryState.REFUSED
        ):
            return Receipt.FAILED
        case _:
            return Receipt.SENT


def _parsed(stored: str) -> Reason | None:
    return _EARLIER.get(stored) or Reason.parse(stored)


def _unsent(issue: sa.Row[*tuple[Any, ...]]) -> Receipt:
    nothing = issue.state == IssueState.SKIPPED and issue.reason == NOTHING_NEW
    return Receipt.NOTHING_NEW if nothing else _UNSENT[IssueState(issue.state)]
