"""Carry out what a provider reports about a person, unless something newer contradicts it."""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.actor import Actor, ActorKind
from subscribers import directory, suppression
from subscribers.consent import unsubscribing
from subscribers.consent.unsubscribing import Unsubscribe
from subscribers.model import Effects, Subscriber, SubscriptionState, Suppression


def suppress(
    connection: sa.Connection, person: Subscriber, cause: Suppression, *, actor: str, pepper: bytes
) -> Iterator[Effects]:
    """Suppress an address, unless staff lifted a suppression of it after `cause`."""
    lifted_at = last_lifted(connection, person)
    if lifted_at is None or lifted_at <= cause.at:
        yield suppression.suppress(connection, cause, pepper=pepper, actor=actor)


def last_lifted(connection: sa.Connection, person: Subscriber) -> datetime | None:
    """Return when staff last lifted a suppression of an address.

    A suppression that a late report lifted does not count: what else is reported late still holds.
    """
    lifts = directory.lifts(connection, person)
    staff = (act.at for act in lifts if Actor.parse(act.actor).kind is not ActorKind.PROVIDER)
    return max(staff, default=None)


def unsubscribe(
    connection: sa.Connection,
    person: Subscriber,
    newsletter: str | None,
    reported_at: datetime,
    *,
    pepper: bytes,
    now: datetime,
) -> Iterator[Effects]:
    """End the subscription to a newsletter, or all if None, unless it was confirmed again since."""
    for subscription in person.subscriptions:
        since = subscription.confirmed_at or subscription.since
        wanted = newsletter in {None, subscription.newsletter}
        ended = subscription.state is SubscriptionState.UNSUBSCRIBED
        if wanted and not ended and since <= reported_at:
            request = Unsubscribe(subscription.newsletter, "provider")
            yield unsubscribing.unsubscribe(connection, person.id, request, pepper=pepper, now=now)
