"""Find who has left an inbox under another of its addresses: ann@ for ann+news@, and the reverse."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from subscribers.model import SubscriptionState, SuppressionReason, inbox_of
from subscribers.store import erasures
from subscribers.store.dialects import WithoutTag, is_one_of
from subscribers.store.people import suppressed
from subscribers.store.tables import TAGGED, subscribers, subscriptions, suppressions

_KEPT = {
    SuppressionReason.ERASED.value: "the same inbox was erased on request",
    erasures.UNSUBSCRIBED: "the same inbox unsubscribed after the backup that the database was restored from",
    erasures.MOVED: "the subscriber has replaced this inbox by another one",
}
_ENDED = subscriptions.c.state == SubscriptionState.UNSUBSCRIBED.value


@dataclass(frozen=True, slots=True)
class Departure:
    """What the owner of an inbox ended under one of its addresses; `why` says so.

    Without a `newsletter`, it ended all of them.
    """

    address_key: str
    newsletter: str
    why: str


def departures(
    connection: sa.Connection, keys: Collection[str], pepper: bytes
) -> dict[str, list[Departure]]:
    """Return what was ended under the addresses that share an inbox with `keys`, by the inbox's key.

    A bounce of ann+news@ says nothing about ann@; one of ann@ concerns ann+news@, too.
    """
    inboxes = {key: inbox_of(key) for key in keys if "+" in key}
    found: dict[str, list[Departure]] = {}
    for inbox, departure in _without_tag(connection, set(inboxes.values()), pepper):
        found.setdefault(inbox, []).append(departure)
    for inbox, departure in _with_tags(connection, {inboxes.get(key, key) for key in keys}):
        found.setdefault(inbox, []).append(departure)
    return found


def _without_tag(
    connection: sa.Connection, inboxes: Collection[str], pepper: bytes
) -> Iterator[tuple[str, Departure]]:
    if not inboxes:
        return
    hashes = erasures.kept(connection, inboxes, pepper)
    for key, found in (erasures.as_suppressions(hashes) | suppressed(connection, inboxes)).items():
        yield key, Departure(key, "", f"the same inbox is suppressed: {found.reason.value}")
    for key, kept in hashes.items():
        if kept.reason in _KEPT:
            yield key, Departure(key, "", _KEPT[kept.reason])
    ended = (
        sa.select(subscribers.c.address_key, subscriptions.c.newsletter)
        .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
        .where(is_one_of(connection, subscribers.c.address_key, inboxes), _ENDED)
    )
    for key, newsletter in connection.execute(ended):
        why = f"the same inbox, without its tag, unsubscribed from {newsletter}"
        yield key, Departure(key, newsletter, why)


def _with_tags(
    connection: sa.Connection, inboxes: Collection[str]
) -> Iterator[tuple[str, Departure]]:
    inbox = WithoutTag(suppressions.c.address_key)
    blocked = sa.select(inbox, suppressions.c.address_key, suppressions.c.reason).where(
        TAGGED,
        is_one_of(connection, inbox, inboxes),
        suppressions.c.reason != SuppressionReason.BOUNCE.value,
    )
    for found, key, reason in connection.execute(blocked):
        yield found, Departure(key, "", f"the same inbox, with a tag, is suppressed: {reason}")
    inbox = WithoutTag(subscribers.c.address_key)
    query = sa.select(subscribers.c.id, inbox, subscribers.c.address_key).where(
        TAGGED, is_one_of(connection, inbox, inboxes)
    )
    tagged = {row[0]: row[1:] for row in connection.execute(query)}
    if not tagged:
        return
    c = subscriptions.c
    ended = sa.select(c.subscriber_id, c.newsletter).where(
        is_one_of(connection, c.subscriber_id, tagged), _ENDED
    )
    for subscriber_id, newsletter in connection.execute(ended):
        found, key = tagged[subscriber_id]
        why = f"the same inbox, with a tag, unsubscribed from {newsletter}"
        yield found, Departure(key, newsletter, why)
