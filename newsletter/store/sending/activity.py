"""Signs that recipients read a newsletter, for many of them at once."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.states import DeliveryState
from newsletter.store.bulk import among
from newsletter.store.engagement_tables import engagements
from newsletter.store.sending import outcomes
from newsletter.store.tables import deliveries, issues

ARRIVED = frozenset({DeliveryState.SUBMITTED, DeliveryState.DELIVERED, DeliveryState.COMPLAINED})
"""The states of deliveries that were not returned: a server took them, as far as is known."""


def issues_since(connection: sa.Connection, newsletter: str, since: datetime) -> list[int]:
    """Return the issues of a newsletter that were sent since a time."""
    query = sa.select(issues.c.id).where(
        issues.c.newsletter == newsletter, issues.c.frozen_at > since
    )
    return list(connection.scalars(query.order_by(issues.c.id)))


def is_counted_since(connection: sa.Connection, newsletter: str, since: datetime) -> bool:
    """Return whether opens or clicks of this newsletter were already counted at a time."""
    query = (
        sa.select(engagements.c.id)
        .join(issues, issues.c.id == engagements.c.issue_id)
        .where(issues.c.newsletter == newsletter, engagements.c.at <= since)
        .limit(1)
    )
    return connection.scalar(query) is not None


def arrivals(
    connection: sa.Connection, issue_ids: Collection[int], people: Collection[int]
) -> dict[int, bool]:
    """Return for each of `people` with a delivery of these issues whether any of them arrived.

    A delivery whose outcome is in doubt counts as arrived.
    """
    d = deliveries.c
    arrived = sa.func.max(sa.case((outcomes.maybe_reached(ARRIVED), 1), else_=0))
    query = (
        sa.select(d.subscriber_id, arrived)
        .where(d.issue_id.in_(issue_ids), among(connection, d.subscriber_id, people))
        .group_by(d.subscriber_id)
    )
    return {row[0]: bool(row[1]) for row in connection.execute(query)}
