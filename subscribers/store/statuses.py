"""Write subscriptions: pending, confirmed, unsubscribed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from subscribers.model import BY_IMPORT, EmailAddress, Subscriber, SubscriptionState
from subscribers.store.dialects import add_missing
from subscribers.store.tables import subscribers, subscriptions


def known_or_new(
    connection: sa.Connection, address: EmailAddress, *, origin: str, language: str, now: datetime
) -> int:
    """Return the ID of the subscriber with an address, creating the subscriber if necessary.

    The row stays locked until the commit, so that concurrent sign-ups are counted one by one.
    """
    new = {
        "address": address.text,
        "address_key": address.key,
        "language": language,
        "origin": origin,
        "created_at": now,
    }
    add_missing(connection, subscribers, [new])
    found = sa.select(subscribers.c.id).where(subscribers.c.address_key == address.key)
    return int(connection.execute(found.with_for_update()).scalar_one())


def fill_name(connection: sa.Connection, subscriber_id: int, name: str) -> None:
    """Set the name of a subscriber who has none."""
    chosen = (subscribers.c.id == subscriber_id, subscribers.c.name == "")
    connection.execute(subscribers.update().where(*chosen).values(name=name))


def answer(
    connection: sa.Connection, person: Subscriber, *, name: str, answers: Mapping[str, str]
) -> None:
    """Replace the name and the answers of a subscriber."""
    mine = subscribers.update().where(subscribers.c.id == person.id)
    if name != person.name or answers != person.answers:
        connection.execute(mine.values(name=name, answers=dict(answers)))


def set_timezone(connection: sa.Connection, subscriber_id: int, timezone: str) -> None:
    """Set the time zone of a subscriber; empty if it is not known."""
    mine = subscribers.update().where(subscribers.c.id == subscriber_id)
    connection.execute(mine.values(timezone=timezone))


def add_pending(
    connection: sa.Connection,
    subscriber_id: int,
    newsletters: Sequence[str],
    *,
    origin: str,
    now: datetime,
) -> None:
    """Add pending subscriptions where none exists; existing ones do not change."""
    pending = {
        "subscriber_id": subscriber_id,
        "state": SubscriptionState.PENDING.value,
        "since": now,
        "origin": origin,
    }
    rows = [{"newsletter": newsletter, **pending} for newsletter in newsletters]
    add_missing(connection, subscriptions, rows)


def confirm(connection: sa.Connection, subscriber_id: int, newsletter: str, now: datetime) -> bool:
    """Confirm a subscription in any other state; False if it was confirmed."""
    return _update(
        connection,
        subscriber_id,
        subscriptions.c.newsletter == newsletter,
        subscriptions.c.state != SubscriptionState.CONFIRMED,
        values={
            "state": SubscriptionState.CONFIRMED.value,
            "since": now,
            "confirmed_at": now,
            "paused_until": None,
            "reason": "",
        },
    )


def resume(connection: sa.Connection, subscriber_id: int, newsletter: str) -> bool:
    """End the pause of a confirmed subscription; False if it is not paused."""
    return _update(
        connection,
        subscriber_id,
        subscriptions.c.newsletter == newsletter,
        subscriptions.c.state == SubscriptionState.CONFIRMED,
        subscriptions.c.paused_until.is_not(None),
        values={"paused_until": None, "reason": ""},
    )


def unsubscribe(
    connection: sa.Connection, subscriber_id: int, newsletter: str, *, reason: str, now: datetime
) -> bool:
    """End a subscription; False if it had ended, unless an import had ended it."""
    ended_by_import = subscriptions.c.reason.startswith(BY_IMPORT)
    return _update(
        connection,
        subscriber_id,
        subscriptions.c.newsletter == newsletter,
        sa.or_(subscriptions.c.state != SubscriptionState.UNSUBSCRIBED, ended_by_import),
        values={
            "state": SubscriptionState.UNSUBSCRIBED.value,
            "since": now,
            "reason": reason,
            "paused_until": None,
        },
    )


def adjust(
    connection: sa.Connection, subscriber_id: int, newsletter: str, values: dict[str, Any]
) -> None:
    """Set the frequency or the pause."""
    chosen = subscriptions.c.newsletter == newsletter
    _update(connection, subscriber_id, chosen, values=values)


def acted(connection: sa.Connection, subscriber_id: int, now: datetime, **values: str) -> None:
    """Record that a subscriber acted themselves, and set `values`."""
    connection.execute(
        subscribers.update().where(subscribers.c.id == subscriber_id).values(acted_at=now, **values)
    )


def _update(
    connection: sa.Connection,
    subscriber_id: int,
    *conditions: sa.ColumnElement[bool],
    values: dict[str, Any],
) -> bool:
    done = connection.execute(
        subscriptions.update()
        .where(subscriptions.c.subscriber_id == subscriber_id, *conditions)
        .values(values)
    )
    return done.rowcount > 0
