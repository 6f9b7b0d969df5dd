"""Find subscribers, tag them, and describe them and their history."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from subscribers.errors import InvalidTag, Unknown
from subscribers.model import (
    BY_IMPORT,
    READER,
    TAG_LIMIT,
    EmailAddress,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    Tag,
    TagKind,
    free_tag,
    slug,
)
from subscribers.phrase import Phrase
from subscribers.store import audit, erasures, imports, people, proofs, segments, tags
from subscribers.store.audit import AuditEntry
from subscribers.store.imports import Import
from subscribers.store.proofs import Consent


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of a subscriber's history."""

    at: datetime
    actor: str
    words: str


@dataclass(frozen=True, slots=True)
class Proof:
    """A consent or a withdrawal, with the text of the wording that was agreed to, if it is kept."""

    consent: Consent
    text: str


@dataclass(frozen=True, slots=True)
class SuppressedAddress:
    """A suppressed address that belongs to no subscriber, with its history."""

    address: str
    suppressed: Suppression
    history: tuple[HistoryLine, ...]


def find(connection: sa.Connection, address: str) -> Subscriber | None:
    """Return the subscriber with an address, or None; raise InvalidAddress."""
    return people.find(connection, EmailAddress.parse(address).key)


def require(connection: sa.Connection, address: str) -> Subscriber:
    """Return the subscriber with an address, or raise Unknown."""
    person = find(connection, address)
    if person is None:
        msg = Phrase("{given} is not a subscriber", given=address.strip())
        raise Unknown(msg)
    return person


def load(connection: sa.Connection, subscriber_id: int) -> Subscriber | None:
    """Return a subscriber by ID, or None."""
    return people.load(connection, subscriber_id)


def by_keys(connection: sa.Connection, keys: Collection[str]) -> dict[str, Subscriber]:
    """Return the subscribers with one of these address keys, by key."""
    return people.by_keys(connection, keys)


def lifts(connection: sa.Connection, person: Subscriber) -> list[AuditEntry]:
    """Return the acts that lifted a suppression of a subscriber's address, oldest first."""
    entries = audit.entries_of(connection, person.id)
    return [entry for entry in entries if entry.act == audit.LIFTED]


def unknown_tags(connection: sa.Connection, slugs: Iterable[str]) -> list[str]:
    """Return those of `slugs` that are not a tag, such as a misspelled one in a segment."""
    wanted = set(slugs)
    return sorted(wanted - set(segments.tag_ids(connection, wanted)))


def labels(connection: sa.Connection, slugs: Iterable[str]) -> frozenset[str]:
    """Return those of `slugs` that are labels, which only staff set."""
    return tags.labels(connection, slugs)


def followers_of_others(connection: sa.Connection, known: Collection[str]) -> dict[str, int]:
    """Return how many subscribers follow each topic that is not in `known`, such as a removed one."""
    return tags.followers_of_others(connection, known)


def every_label(connection: sa.Connection) -> frozenset[str]:
    """Return the slugs of all labels, which only staff set."""
    return tags.every_label(connection)


def tags_named(
    connection: sa.Connection, names: Iterable[str], topics: Mapping[str, Tag]
) -> list[Tag]:
    """Return the tags with these names: topics of the configuration by slug, or labels."""
    wanted = [topics.get(own) or free_tag(name) for name in names if (own := slug(name))]
    labels = [tag for tag in wanted if tag.kind is TagKind.LABEL]
    settled = tags.settled(connection, labels, topics)
    return [settled.get(tag, tag) for tag in wanted]


def mark(
    connection: sa.Connection,
    person: Subscriber,
    *,
    add: Iterable[Tag],
    remove: Iterable[str],
    actor: str,
    now: datetime,
) -> None:
    """Add and remove tags, as staff; recorded. Raises InvalidTag if a label is too long."""
    add = tuple(add)
    for tag in add:
        _check_length(tag)
    added = [tag for tag in add if tag.slug not in person.slugs]
    removed = sorted(name for name in set(remove) if name in person.slugs)
    tags.give(connection, person.id, added)
    tags.take(connection, person.id, removed)
    detail = {"added": [tag.name for tag in added], "removed": removed}
    if added or removed:
        audit.record(connection, AuditEntry(actor, "tagged", now, person.id, detail=detail))


def _check_length(tag: Tag) -> None:
    if tag.kind is TagKind.LABEL and len(tag.name) > TAG_LIMIT:
        size, shown = len(tag.name), tag.name[:40]
        msg = Phrase(
            "the tag “{shown}…” has {size} characters; the maximum is {limit}",
            shown=shown,
            size=size,
            limit=TAG_LIMIT,
        )
        raise InvalidTag(msg)


def history(connection: sa.Connection, person: Subscriber) -> list[HistoryLine]:
    """Return what happened to a subscriber and who did it, oldest first."""
    consents = proofs.consents_of(connection, [person.id]).get(person.id, [])
    entries = audit.entries_of(connection, person.id)
    lines = [HistoryLine(person.created_at, person.origin or "unknown", _first(connection, person))]
    lines += [HistoryLine(consent.at, READER, _describe_consent(consent)) for consent in consents]
    lines += [HistoryLine(entry.at, entry.actor, _describe_entry(entry)) for entry in entries]
    return sorted(lines, key=lambda line: line.at)


def proofs_of(connection: sa.Connection, person: Subscriber) -> list[Proof]:
    """Return the consents of a subscriber with what they agreed to, oldest first."""
    consents = proofs.consents_of(connection, [person.id]).get(person.id, [])
    texts = proofs.wordings_of(connection, {consent.wording for consent in consents})
    return [Proof(consent, texts.get(consent.wording, "")) for consent in consents]


def find_suppressed(
    connection: sa.Connection, address: str, pepper: bytes
) -> SuppressedAddress | None:
    """Return what is stored about a suppressed address that belongs to no subscriber."""
    key = EmailAddress.parse(address).key
    by_hash = erasures.as_suppressions(erasures.kept(connection, [key], pepper))
    found = (by_hash | people.suppressed(connection, [key])).get(key)
    if found is None:
        return None
    entries = audit.entries_of_hash(connection, erasures.hashed(key, pepper))
    lines = (HistoryLine(entry.at, entry.actor, _describe_entry(entry)) for entry in entries)
    return SuppressedAddress(address.strip(), found, tuple(lines))


def _first(connection: sa.Connection, person: Subscriber) -> str:
    """Describe how a subscriber was added; if by an import, from which file and in which state."""
    number = person.origin.removeprefix(BY_IMPORT)
    source = imports.load(connection, int(number)) if number.isdecimal() else None
    if source is None or not person.origin.startswith(BY_IMPORT):
        return "added"
    states = (
        f"{subscription.newsletter} {_first_state(subscription, source)}"
        for subscription in person.subscriptions
        if subscription.origin == source.origin
    )
    parts = [f"file {source.file}", f"imported by {source.actor}", *states]
    if person.suppressed is not None and person.suppressed.origin == source.origin:
        parts.append(f"suppressed {person.suppressed.reason.value}")
    return f"added: {'; '.join(parts)}"


def _first_state(subscription: Subscription, source: Import) -> str:
    """Return the state in which an import added a subscription, as far as its row shows it."""
    until = source.applied_at
    if until is None or subscription.since <= until:
        return subscription.state.value
    confirmed_at = subscription.confirmed_at
    confirmed = confirmed_at is not None and confirmed_at <= until
    return (SubscriptionState.CONFIRMED if confirmed else SubscriptionState.PENDING).value


def describe_subscriptions(person: Subscriber) -> list[str]:
    """Describe the status of each subscription in one line."""
    return [_describe_subscription(subscription) for subscription in person.subscriptions]


def _describe_subscription(subscription: Subscription) -> str:
    words = (
        f"{subscription.newsletter}: {subscription.state.value} since {subscription.since:%Y-%m-%d}"
    )
    if subscription.state is SubscriptionState.UNSUBSCRIBED and subscription.reason:
        words += f" ({subscription.reason})"
    if subscription.frequency != "each":
        words += f", {subscription.frequency.value}"
    if subscription.paused_as_inactive:
        words += ", paused because they did not answer whether they still want it"
    elif subscription.paused_until is not None:
        words += f", paused until {subscription.paused_until:%Y-%m-%d}"
    return words


def _describe_consent(consent: Consent) -> str:
    wording = f", wording {consent.wording}" if consent.wording else ""
    return f"{consent.act} {consent.newsletter} ({consent.source}{wording})"


def _describe_entry(entry: AuditEntry) -> str:
    newsletter = f" {entry.newsletter}" if entry.newsletter else ""
    detail = _describe_detail(entry.detail or {})
    return f"{entry.act}{newsletter}{': ' + detail if detail else ''}"


def _describe_detail(detail: Mapping[str, Any]) -> str:
    parts = []
    for name, value in detail.items():
        if name == "hash":
            continue
        if isinstance(value, Mapping):
            text = ", ".join(f"{key} {_describe_value(nested)}" for key, nested in value.items())
        elif isinstance(value, list):
            text = ", ".join(map(str, value))
        else:
            text = str(value)
        if text:
            parts.append(f"{name} {text}")
    return "; ".join(parts)


def _describe_value(value: object) -> str:
    return str(value["state"]) if isinstance(value, Mapping) else str(value)


def record_of(person: Subscriber, consents: Iterable[Consent]) -> dict[str, Any]:
    """Return what an export contains about a subscriber, which they also see on request."""
    return {
        "address": person.address,
        "name": person.name,
        "language": person.language,
        "timezone": person.timezone,
        "answers": dict(person.answers),
        "topics": [tag.name for tag in person.tags if tag.kind is TagKind.TOPIC],
        "labels": [tag.name for tag in person.tags if tag.kind is not TagKind.TOPIC],
        "subscriptions": [_subscription_record(found) for found in person.subscriptions],
        "suppressed": suppression_record(person.suppressed),
        "consents": [_consent_record(consent) for consent in consents],
        "created_at": person.created_at.isoformat(),
        "acted_at": person.acted_at.isoformat() if person.acted_at else "",
    }


def _subscription_record(subscription: Subscription) -> dict[str, str]:
    paused_until, confirmed_at = subscription.paused_until, subscription.confirmed_at
    record = {
        "newsletter": subscription.newsletter,
        "state": subscription.state.value,
        "frequency": subscription.frequency.value,
        "paused_until": paused_until.isoformat() if paused_until else "",
        "since": subscription.since.isoformat(),
        "confirmed_at": confirmed_at.isoformat() if confirmed_at else "",
        "reason": subscription.reason,
        "origin": subscription.origin,
    }
    return {name: value for name, value in record.items() if value}


def suppression_record(suppression: Suppression | None) -> dict[str, str] | str:
    """Return what an export contains about a suppression; "" if there is none.

    For a suppression that came with an import, the origin is the one in the imported file.
    """
    if suppression is None:
        return ""
    return {
        "reason": suppression.reason.value,
        "origin": imports.first_origin(suppression.origin),
        "detail": suppression.detail,
        "at": suppression.at.isoformat(),
    }


def _consent_record(consent: Consent) -> dict[str, str]:
    record = {
        "newsletter": consent.newsletter,
        "act": consent.act,
        "at": consent.at.isoformat(),
        "source": consent.source,
        "wording": consent.wording,
        "network": consent.network,
    }
    return {name: value for name, value in record.items() if value}


def keep_wording(
    connection: sa.Connection, version: str, language: str, text: str, now: datetime
) -> None:
    """Store the text of a version of the consent wording."""
    proofs.keep_wording(connection, version, language, text, now)
