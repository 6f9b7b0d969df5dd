"""Which articles of an issue a subscriber has received before, for issues that must not repeat them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from newsletter.model.edition import Chooser
from newsletter.model.issue import Issue, IssueKind
from newsletter.store.sending.deliveries import maybe_reached
from newsletter.store.tables import deliveries, editions, issues, items
from subscribers.audience import WORD


@dataclass(frozen=True, slots=True)
class Printed:
    """Where the articles of an issue were printed before: the editions by place, and their issues."""

    editions: Mapping[int, frozenset[int]]
    issue_ids: tuple[int, ...]
    size: int


NOWHERE = Printed({}, (), 0)


def printed(
    connection: sa.Connection, issue: Issue, chooser: Chooser, alerting: Sequence[str]
) -> Printed:
    """Return the earlier editions with articles that a subscriber does not want twice.

    A digest leaves out what its newsletter sent them, and every issue what an alert of `alerting`
    newsletters did.
    """
    own = issue.newsletter if issue.kind is IssueKind.DIGEST else ""
    if not own and not alerting:
        return NOWHERE
    alerts = sa.and_(issues.c.newsletter.in_(alerting), issues.c.kind == IssueKind.ALERT.value)
    earlier = (
        sa.select(issues.c.id)
        .join(items, items.c.issue_id == issues.c.id)
        .where(
            sa.or_(issues.c.newsletter == own, alerts),
            issues.c.id != issue.id,
            issues.c.frozen_at.is_not(None),
            items.c.included,
            items.c.article_id.in_(sorted(chooser.places)),
        )
        .distinct()
    )
    issue_ids = tuple(sorted(connection.scalars(earlier)))
    found: dict[int, set[int]] = {}
    query = sa.select(editions.c.id, editions.c["items"]).where(editions.c.issue_id.in_(issue_ids))
    for edition_id, articles in connection.execute(query):
        for article in articles:
            if article in chooser.places:
                found.setdefault(chooser.places[article], set()).add(edition_id)
    by_place = {place: frozenset(ids) for place, ids in found.items()}
    return Printed(
        by_place, issue_ids if found else (), -(-(max(found) + 1) // WORD) if found else 0
    )


def added(people: sa.Select[Any], before: Printed) -> sa.Select[Any]:
    """Add to each recipient the words h0, h1, …: bit i is set for the article at place i."""
    if not before.size:
        return people
    reached = people.subquery("reached")
    had = (
        sa.select(
            deliveries.c.subscriber_id,
            *(_word(before, number).label(f"h{number}") for number in range(before.size)),
        )
        .join(reached, reached.c.subscriber_id == deliveries.c.subscriber_id)
        .where(deliveries.c.issue_id.in_(before.issue_ids), maybe_reached())
        .group_by(deliveries.c.subscriber_id)
        .subquery("had")
    )
    return sa.select(
        *reached.c,
        *(
            sa.func.coalesce(had.c[f"h{number}"], 0).label(f"h{number}")
            for number in range(before.size)
        ),
    ).select_from(reached.outerjoin(had, had.c.subscriber_id == reached.c.subscriber_id))


def _word(before: Printed, number: int) -> sa.ColumnElement[int]:
    bits = [
        sa.cast(
            sa.func.max(
                sa.case((deliveries.c.edition_id.in_(sorted(ids)), 1 << place % WORD), else_=0)
            ),
            sa.BigInteger(),
        )
        for place, ids in sorted(before.editions.items())
        if place // WORD == number
    ]
    return sum(bits[1:], bits[0]) if bits else sa.literal(0, sa.BigInteger())
