"""Subscribers who have just confirmed a newsletter themselves."""

from datetime import datetime

import sqlalchemy as sa

from subscribers.model import SubscriptionState
from subscribers.store.tables import consents, subscriptions


def confirmed_since(newsletter: str, since: datetime) -> sa.Select[int, datetime]:
    """Select subscriber_id, confirmed_at of those who confirmed by email since then."""
    confirmed_at = subscriptions.c.confirmed_at
    confirmed = sa.exists().where(
        consents.c.subscriber_id == subscriptions.c.subscriber_id,
        consents.c.newsletter == newsletter,
        consents.c.act == "confirmed",
        consents.c.at == confirmed_at,
    )
    return sa.select(subscriptions.c.subscriber_id, confirmed_at).where(
        subscriptions.c.newsletter == newsletter,
        subscriptions.c.state == SubscriptionState.CONFIRMED,
        confirmed_at > since,
        confirmed,
    )
