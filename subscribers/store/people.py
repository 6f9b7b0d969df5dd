"""Find subscribers, with their subscriptions, tags and suppression."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from subscribers.model import (
    Frequency,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
    Tag,
    TagKind,
)
from subscribers.store.dialects import is_one_of, keys_planned_once
from subscribers.store.tables import (
    consents,
    import_changes,
    requests,
    single_use_links,
    subscriber_tags,
    subscribers,
    subscriptions,
    suppressions,
    tags,
)


def load(connection: sa.Connection, subscriber_id: int) -> Subscriber | None:
    """Return a subscriber by ID, or None."""
    return next(iter(_loaded(connection, subscribers.c.id == subscriber_id)), None)


def find(connection: sa.Connection, address_key: str) -> Subscriber | None:
    """Return the subscriber with an address key, or None."""
    return next(iter(_loaded(connection, subscribers.c.address_key == address_key)), None)


def by_keys(connection: sa.Connection, keys: Collection[str]) -> dict[str, Subscriber]:
    """Return the subscribers with one of `keys`, by key."""
    found = (
        _loaded(connection, is_one_of(connection, subscribers.c.address_key, keys)) if keys else []
    )
    return {person.address_key: person for person in found}


def several(connection: sa.Connection, ids: Collection[int]) -> dict[int, Subscriber]:
    """Return the subscribers with one of `ids`, by ID."""
    return {
        person.id: person
        for person in _loaded(connection, is_one_of(connection, subscribers.c.id, ids))
    }


def page(
    connection: sa.Connection, after: int, size: int, among: sa.Select[tuple[int]] | None = None
) -> list[Subscriber]:
    """Return the next `size` subscribers after an ID, ordered by ID."""
    conditions = [subscribers.c.id > after]
    if among is not None:
        conditions.append(subscribers.c.id.in_(among))
    ids = sa.select(subscribers.c.id).where(*conditions).order_by(subscribers.c.id).limit(size)
    return _loaded(connection, subscribers.c.id.in_(connection.scalars(ids).all()))


def acted(connection: sa.Connection, ids: Collection[int]) -> frozenset[int]:
    """Return those of `ids` who have acted themselves: confirmed, chosen or unsubscribed."""
    query = sa.select(subscribers.c.id).where(
        is_one_of(connection, subscribers.c.id, ids), subscribers.c.acted_at.is_not(None)
    )
    return frozenset(connection.scalars(query)) if ids else frozenset()


def suppressed(connection: sa.Connection, keys: Collection[str]) -> dict[str, Suppression]:
    """Return the suppressions of address keys, by key."""
    if not keys:
        return {}
    wanted = is_one_of(connection, suppressions.c.address_key, keys)
    rows = connection.execute(sa.select(suppressions).where(wanted))
    return {row.address_key: _suppression(row) for row in rows}


def remove(connection: sa.Connection, ids: Sequence[int]) -> None:
    """Delete subscribers with everything stored about them."""
    if not ids:
        return
    # These refer to the subscribers and go first: no foreign key cascades.
    for table in (subscriber_tags, subscriptions, consents, requests, single_use_links):
        connection.execute(table.delete().where(table.c.subscriber_id.in_(ids)))
    connection.execute(import_changes.delete().where(import_changes.c.subscriber_id.in_(ids)))
    with keys_planned_once(connection):
        connection.execute(subscribers.delete().where(subscribers.c.id.in_(ids)))


def _loaded(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> list[Subscriber]:
    rows = connection.execute(
        sa.select(subscribers).where(condition).order_by(subscribers.c.id)
    ).all()
    if not rows:
        return []
    ids = [row.id for row in rows]
    found = _subscriptions(connection, ids)
    tagged = _tags(connection, ids)
    blocked = suppressed(connection, [row.address_key for row in rows])
    return [
        Subscriber(
            id=row.id,
            address=row.address,
            address_key=row.address_key,
            name=row.name,
            language=row.language,
            origin=row.origin,
            created_at=row.created_at,
            acted_at=row.acted_at,
            subscriptions=tuple(found.get(row.id, ())),
            tags=tuple(tagged.get(row.id, ())),
            suppressed=blocked.get(row.address_key),
            answers=row.answers,
            timezone=row.timezone,
        )
        for row in rows
    ]


def _subscriptions(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[Subscription]]:
    found: dict[int, list[Subscription]] = {}
    for row in connection.execute(
        sa.select(subscriptions)
        .where(is_one_of(connection, subscriptions.c.subscriber_id, ids))
        .order_by(subscriptions.c.newsletter)
    ):
        found.setdefault(row.subscriber_id, []).append(_subscription(row))
    return found


def _subscription(row: sa.Row[tuple[object, ...]]) -> Subscription:
    return Subscription(
        newsletter=row.newsletter,
        state=SubscriptionState(row.state),
        frequency=Frequency(row.frequency),
        paused_until=row.paused_until,
        since=row.since,
        confirmed_at=row.confirmed_at,
        reason=row.reason,
        origin=row.origin,
    )


def _tags(connection: sa.Connection, ids: Collection[int]) -> dict[int, list[Tag]]:
    found: dict[int, list[Tag]] = {}
    shared: dict[str, Tag] = {}  # one object per tag, not one per subscriber
    rows = connection.execute(
        sa.select(subscriber_tags.c.subscriber_id, tags.c.slug, tags.c.name, tags.c.kind)
        .join(tags, tags.c.id == subscriber_tags.c.tag_id)
        .where(is_one_of(connection, subscriber_tags.c.subscriber_id, ids))
        .order_by(tags.c.slug)
    )
    for subscriber_id, slug, name, kind in rows:
        tag = shared.setdefault(slug, Tag(slug, name, TagKind(kind)))
        found.setdefault(subscriber_id, []).append(tag)
    return found


def _suppression(row: sa.Row[tuple[object, ...]]) -> Suppression:
    return Suppression(
        row.address_key, SuppressionReason(row.reason), row.origin, row.detail, row.at
    )
