"""Write the changes of one chunk of an import, and take back single changes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from subscribers.model import JournalEntry, Subscription, SubscriptionState, TagKind
from subscribers.roster.deciding import Change
from subscribers.roster.row import ConsentProof, WantedSubscription
from subscribers.store import erasures, tags
from subscribers.store.dialects import bulk_insert, reserve_ids
from subscribers.store.imports import origin, origin_with_first
from subscribers.store.people import by_keys
from subscribers.store.tables import (
    consents,
    import_changes,
    subscriber_tags,
    subscribers,
    subscriptions,
    suppressions,
)


def write(
    connection: sa.Connection, import_id: int, changes: Sequence[Change], now: datetime
) -> list[tuple[int, Change]]:
    """Write changes, subscribers first; the caller must lock the table against new ones.

    Return each change with its subscriber ID, which is 0 if an address is only suppressed.
    """
    new = [change for change in changes if change.outcome == "new"]
    old = [change for change in changes if change.outcome == "changed"]
    ids = _add_new(connection, import_id, new, now)
    known = by_keys(connection, [change.row.address.key for change in old])
    ids += [known[change.row.address.key].id for change in old]
    written = new + old
    _tags(connection, ids, written)
    _subscriptions(connection, import_id, ids, written, now)
    _proofs(connection, import_id, ids, written, now)
    _suppressions(connection, import_id, changes, now)
    _remember(connection, import_id, old, ids[len(new) :], now)
    for change, subscriber_id in zip(old, ids[len(new) :], strict=True):
        _update(connection, import_id, change, subscriber_id, now)
    alone = [(0, change) for change in changes if change.outcome == "suppressed"]
    return list(zip(ids, written, strict=True)) + alone


def entries(
    import_id: int, written: Iterable[tuple[int, Change]], pepper: bytes, now: datetime
) -> Iterator[JournalEntry]:
    """Yield journal entries for the unsubscribes and suppressions of an import."""
    by = origin(import_id)
    for number, change in written:
        if not change.lowered and change.suppression is None:
            continue
        hash_ = erasures.hashed(change.row.address.key, pepper)
        for lowered in change.lowered:
            yield JournalEntry("unsubscribed", now, number, hash_, lowered.newsletter, by)
        if change.suppression is not None:
            reason = change.suppression.reason.value
            yield JournalEntry("suppressed", now, number, hash_, "", reason, by)


def restored(
    import_id: int, rows: Iterable[Any], pepper: bytes, now: datetime
) -> Iterator[JournalEntry]:
    """Yield journal entries for unsubscribes that an undo reversed."""
    for row in rows:
        hash_ = erasures.hashed(row.address_key, pepper)
        for newsletter in row.change["unsubscribed"]:
            by = origin(import_id)
            yield JournalEntry("restored", now, row.subscriber_id, hash_, newsletter, by)


def _add_new(
    connection: sa.Connection, import_id: int, new: Sequence[Change], now: datetime
) -> list[int]:
    ids = list(reserve_ids(connection, subscribers, len(new)))
    c = subscribers.c
    bulk_insert(
        connection,
        (
            *(c.id, c.address, c.address_key, c.name, c.language),
            *(c.origin, c.created_at, c.acted_at, c.answers, c.timezone),
        ),
        (
            (
                subscriber_id,
                change.row.address.text,
                change.row.address.key,
                change.name,
                change.language,
                origin(import_id),
                change.row.created_at or now,
                change.row.acted_at and min(change.row.acted_at, now),
                dict(change.row.answers),
                change.timezone,
            )
            for subscriber_id, change in zip(ids, new, strict=True)
        ),
    )
    return ids


def _tags(connection: sa.Connection, ids: Sequence[int], written: Sequence[Change]) -> None:
    distinct = {id(change.tags): change.tags for change in written}.values()  # rows share them
    known = tags.ensure(connection, {tag for each in distinct for tag in each})
    bulk_insert(
        connection,
        (subscriber_tags.c.tag_id, subscriber_tags.c.subscriber_id),
        sorted(
            (known[tag.slug], subscriber_id)
            for subscriber_id, change in zip(ids, written, strict=True)
            for tag in change.tags
        ),
    )


def _subscriptions(
    connection: sa.Connection,
    import_id: int,
    ids: Sequence[int],
    written: Sequence[Change],
    now: datetime,
) -> None:
    c = subscriptions.c
    bulk_insert(
        connection,
        (
            *(c.newsletter, c.subscriber_id, c.state, c.frequency, c.paused_until),
            *(c.since, c.confirmed_at, c.reason, c.origin),
        ),
        (
            _subscription(wanted, subscriber_id, import_id, now)
            for subscriber_id, change in zip(ids, written, strict=True)
            for wanted in change.subscriptions
        ),
    )


def _subscription(
    wanted: WantedSubscription, subscriber_id: int, import_id: int, now: datetime
) -> tuple[Any, ...]:
    confirmed = wanted.confirmed_at or (
        now if wanted.state is SubscriptionState.CONFIRMED else None
    )
    return (
        wanted.newsletter,
        subscriber_id,
        wanted.state.value,
        wanted.frequency.value,
        wanted.paused_until,
        wanted.since or now,
        confirmed,
        wanted.reason,
        wanted.origin or origin(import_id),
    )


def _proofs(
    connection: sa.Connection,
    import_id: int,
    ids: Sequence[int],
    written: Sequence[Change],
    now: datetime,
) -> None:
    c = consents.c
    bulk_insert(
        connection,
        (c.subscriber_id, c.newsletter, c.act, c.at, c.source, c.wording, c.network),
        (
            _proof(proof, subscriber_id, import_id, now)
            for subscriber_id, change in zip(ids, written, strict=True)
            for proof in change.proofs
        ),
    )


def _proof(
    proof: ConsentProof, subscriber_id: int, import_id: int, now: datetime
) -> tuple[Any, ...]:
    source = f"{origin(import_id)}: {proof.source}" if proof.attested else proof.source
    act, at = proof.act, proof.at or now
    return (subscriber_id, proof.newsletter, act, at, source, proof.wording, proof.network)


def _suppressions(
    connection: sa.Connection, import_id: int, changes: Iterable[Change], now: datetime
) -> None:
    c = suppressions.c
    blocked = {
        change.row.address.key: change.suppression
        for change in changes
        if change.suppression is not None
    }
    bulk_insert(
        connection,
        (c.address_key, c.reason, c.origin, c.detail, c.at),
        (
            (
                key,
                one.reason.value,
                origin_with_first(import_id, one.origin),
                one.detail,
                one.at or now,
            )
            for key, one in sorted(blocked.items())
        ),
    )


def _remember(
    connection: sa.Connection,
    import_id: int,
    old: Sequence[Change],
    ids: Sequence[int],
    now: datetime,
) -> None:
    c = import_changes.c
    bulk_insert(
        connection,
        (c.import_id, c.subscriber_id, c.at, c.change),
        sorted(
            (import_id, subscriber_id, now, _as_json(change))
            for change, subscriber_id in zip(old, ids, strict=True)
        ),
    )


def _as_json(change: Change) -> dict[str, Any]:
    """Return what a change did, with the previous values that it replaced."""
    return {
        "name": change.name,
        "language": change.language,
        "timezone": change.timezone,
        "topics": [tag.slug for tag in change.tags if tag.kind is TagKind.TOPIC],
        "labels": [tag.slug for tag in change.tags if tag.kind is not TagKind.TOPIC],
        "subscribed": {
            subscription.newsletter: subscription.state.value
            for subscription in change.subscriptions
        },
        "unsubscribed": {lowered.newsletter: _before(lowered.before) for lowered in change.lowered},
        "suppressed": "" if change.suppression is None else change.suppression.reason.value,
    }


def _before(subscription: Subscription) -> dict[str, str]:
    since, reason = subscription.since.isoformat(), subscription.reason
    return {"state": subscription.state.value, "since": since, "reason": reason}


def _update(
    connection: sa.Connection, import_id: int, change: Change, subscriber_id: int, now: datetime
) -> None:
    filled = {"name": change.name, "language": change.language, "timezone": change.timezone}
    values = {field: text for field, text in filled.items() if text}
    if values:
        connection.execute(
            subscribers.update().where(subscribers.c.id == subscriber_id).values(values)
        )
    for lowered in change.lowered:
        connection.execute(
            subscriptions.update()
            .where(_is_subscription(subscriber_id, lowered.newsletter))
            .values(
                state=SubscriptionState.UNSUBSCRIBED.value,
                since=lowered.since or now,
                reason=origin(import_id),
            )
        )


def take_back(
    connection: sa.Connection, import_id: int, subscriber_id: int, change: Mapping[str, Any]
) -> None:
    """Undo one subscriber's change, except for fields that have changed again since."""
    for field in ("name", "language", "timezone"):
        column = subscribers.c[field]
        if change.get(field):  # an earlier version did not record all of them
            connection.execute(
                subscribers.update()
                .where(subscribers.c.id == subscriber_id, column == change[field])
                .values({field: ""})
            )
    tags.take(connection, subscriber_id, (*change["topics"], *change["labels"]))
    for newsletter, state in change["subscribed"].items():
        connection.execute(
            subscriptions.delete().where(
                _is_subscription(subscriber_id, newsletter), subscriptions.c.state == state
            )
        )
    for newsletter, before in change["unsubscribed"].items():
        connection.execute(
            subscriptions.update()
            .where(
                _is_subscription(subscriber_id, newsletter),
                subscriptions.c.reason == origin(import_id),
            )
            .values(
                state=before["state"],
                since=datetime.fromisoformat(before["since"]),
                reason=before["reason"],
            )
        )
    connection.execute(
        consents.delete().where(
            consents.c.subscriber_id == subscriber_id,
            consents.c.source.startswith(f"{origin(import_id)}: ", autoescape=True),
        )
    )


def _is_subscription(subscriber_id: int, newsletter: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        subscriptions.c.subscriber_id == subscriber_id, subscriptions.c.newsletter == newsletter
    )
