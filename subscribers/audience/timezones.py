"""Which time zones the subscribers of a newsletter have."""

import sqlalchemy as sa

from subscribers.model import SubscriptionState
from subscribers.store.tables import subscribers, subscriptions

# A literal, because a partial index does not match an expression with parameters.
_CHOSEN = subscribers.c.timezone != sa.literal_column("''")


def timezones(connection: sa.Connection, newsletter: str) -> list[str]:
    """Return the names of the zones of confirmed subscribers, in alphabetical order.

    One step through the index per zone: a million subscribers take no longer than ten.
    """
    first = sa.select(sa.func.min(subscribers.c.timezone).label("zone")).where(_CHOSEN)
    found = first.cte("found", recursive=True)
    following = sa.select(sa.func.min(subscribers.c.timezone)).where(
        _CHOSEN, subscribers.c.timezone > found.c.zone
    )
    found = found.union_all(sa.select(following.scalar_subquery()).where(found.c.zone.is_not(None)))
    state = (
        sa.select(subscriptions.c.state)
        .where(
            subscriptions.c.newsletter == newsletter,
            subscriptions.c.subscriber_id == subscribers.c.id,
        )
        .scalar_subquery()
    )
    # A range and an order, so that PostgreSQL walks the index until it meets the first reader. It
    # does not know how rare a zone is, and would read a whole table for an equality.
    reader = (
        sa.select(subscribers.c.id)
        .where(
            _CHOSEN,
            subscribers.c.timezone.between(found.c.zone, found.c.zone),
            state == SubscriptionState.CONFIRMED.value,
        )
        .order_by(subscribers.c.timezone)
        .limit(1)
        .scalar_subquery()
    )
    query = sa.select(found.c.zone).where(found.c.zone.is_not(None), reader.is_not(None))
    return list(connection.scalars(query.order_by(found.c.zone)))
