"""Look people up, mark them, and read their history."""

from collections.abc import Iterable, Mapping
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
)
from subscribers.store import audit, erasures, imports, people, proofs, tags
from subscribers.store.audit import AuditEntry
from subscribers.store.imports import Import
from subscribers.store.proofs import Consent
from subscribers.store.tables import subscriptions


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of somebody's history."""

    at: datetime
    actor: str
    words: str


def find(connection: sa.Connection, address: str) -> Subscriber | None:
    """Return the person with an address; raise InvalidAddress where it is none."""
    return people.find(connection, EmailAddress.parse(address).key)


def require(connection: sa.Connection, address: str) -> Subscriber:
    """Return the person with an address, or raise Unknown."""
    person = find(connection, address)
    if person is None:
        msg = f"nobody is known by {address.strip()}"
        raise Unknown(msg)
    return person


def load(connection: sa.Connection, subscriber_id: int) -> Subscriber | None:
    """Return a person by id, or None."""
    return people.load(connection, subscriber_id)


def all_tags(connection: sa.Connection) -> list[Tag]:
    """Return every tag that anybody could have."""
    return tags.all_tags(connection)


def counts(connection: sa.Connection) -> dict[tuple[str, str], int]:
    """Count subscriptions by newsletter and state; reads an index, for reports."""
    rows = connection.execute(
        sa.select(subscriptions.c.newsletter, subscriptions.c.state, sa.func.count()).group_by(
            subscriptions.c.newsletter, subscriptions.c.state
        )
    )
    return {(newsletter, state): count for newsletter, state, count in rows}


def mark(
    connection: sa.Connection,
    person: Subscriber,
    *,
    add: Iterable[Tag],
    remove: Iterable[str],
    actor: str,
    now: datetime,
) -> None:
    """Give and take tags, as staff; recorded. Raises InvalidTag where a label is too long."""
    add = tuple(add)
    for tag in add:
        _check_length(tag)
    added = [tag for tag in add if tag.slug not in person.slugs]
    removed = [slug for slug in remove if slug in person.slugs]
    tags.give(connection, person.id, added)
    tags.take(connection, person.id, removed)
    detail = {"added": [tag.name for tag in added], "removed": removed}
    if added or removed:
        audit.record(connection, AuditEntry(actor, "tagged", now, person.id, detail=detail))


def _check_length(tag: Tag) -> None:
    if tag.kind is TagKind.LABEL and len(tag.name) > TAG_LIMIT:
        size, shown = len(tag.name), tag.name[:40]
        msg = f"the tag “{shown}…” has {size} characters; at most {TAG_LIMIT} are taken"
        raise InvalidTag(msg)


def history(connection: sa.Connection, person: Subscriber) -> list[HistoryLine]:
    """Return what happened to a person and by whom, oldest first, in words."""
    agreed = proofs.of(connection, [person.id]).get(person.id, [])
    lines = [
        HistoryLine(person.created_at, person.origin or "unknown", _beginning(connection, person))
    ]
    lines += [HistoryLine(one.at, READER, _consent(one)) for one in agreed]
    lines += [HistoryLine(one.at, one.actor, _act(one)) for one in audit.of(connection, person.id)]
    return sorted(lines, key=lambda line: line.at)


@dataclass(frozen=True, slots=True)
class Stranger:
    """An address that is nobody's and never mailed, with what was done to it."""

    address: str
    suppressed: Suppression
    history: tuple[HistoryLine, ...]


def stranger(connection: sa.Connection, address: str, pepper: bytes) -> Stranger | None:
    """Return what is known of an address that is nobody's, if it is suppressed."""
    key = EmailAddress.parse(address).key
    kept = erasures.blocked(erasures.kept(connection, [key], pepper))
    found = (kept | people.suppressed(connection, [key])).get(key)
    if found is None:
        return None
    acts = audit.of_hash(connection, erasures.hashed(key, pepper))
    lines = tuple(HistoryLine(one.at, one.actor, _act(one)) for one in acts)
    return Stranger(address.strip(), found, lines)


def _beginning(connection: sa.Connection, person: Subscriber) -> str:
    """Say how somebody became known; whom a list brought, by whom, from where and as what."""
    number = person.origin.removeprefix(BY_IMPORT)
    one = imports.load(connection, int(number)) if number.isdecimal() else None
    if one is None or not person.origin.startswith(BY_IMPORT):
        return "became known"
    statuses = (
        f"{each.newsletter} {_first_state(each, one)}"
        for each in person.subscriptions
        if each.origin == one.origin
    )
    said = [f"file {one.file}", f"imported by {one.actor}", *statuses]
    if person.suppressed is not None and person.suppressed.origin == one.origin:
        said.append(f"suppressed {person.suppressed.reason.value}")
    return f"became known: {'; '.join(said)}"


def _first_state(one: Subscription, by: Import) -> str:
    """Return how a subscription began that an import brought, as far as its row still tells."""
    until = by.applied_at
    if until is None or one.since <= until:
        return one.state.value
    confirmed = one.confirmed_at is not None and one.confirmed_at <= until
    return (SubscriptionState.CONFIRMED if confirmed else SubscriptionState.PENDING).value


def standing(person: Subscriber) -> list[str]:
    """Say how a person stands with each newsletter."""
    lines = []
    for one in person.subscriptions:
        words = f"{one.newsletter}: {one.state.value} since {one.since:%Y-%m-%d}"
        if one.state is SubscriptionState.UNSUBSCRIBED and one.reason:
            words += f" ({one.reason})"
        if one.frequency != "each":
            words += f", {one.frequency.value}"
        if one.paused_until is not None:
            words += f", paused until {one.paused_until:%Y-%m-%d}"
        lines.append(words)
    return lines


def _consent(one: Consent) -> str:
    wording = f", wording {one.wording}" if one.wording else ""
    return f"{one.act} {one.newsletter} ({one.source}{wording})"


def _act(one: AuditEntry) -> str:
    where = f" {one.newsletter}" if one.newsletter else ""
    detail = _detail(one.detail or {})
    return f"{one.act}{where}{': ' + detail if detail else ''}"


def _detail(detail: Mapping[str, Any]) -> str:
    said = []
    for name, value in detail.items():
        if name == "hash":
            continue
        if isinstance(value, Mapping):
            text = ", ".join(f"{key} {_plain(one)}" for key, one in value.items())
        elif isinstance(value, list):
            text = ", ".join(map(str, value))
        else:
            text = str(value)
        if text:
            said.append(f"{name} {text}")
    return "; ".join(said)


def _plain(value: object) -> str:
    return str(value["state"]) if isinstance(value, Mapping) else str(value)


def record_of(person: Subscriber, consents: Iterable[Consent]) -> dict[str, Any]:
    """Return all that an export says of somebody; also what is shown to them on request."""
    return {
        "address": person.address,
        "name": person.name,
        "language": person.language,
        "topics": [tag.name for tag in person.tags if tag.kind is TagKind.TOPIC],
        "labels": [tag.name for tag in person.tags if tag.kind is TagKind.LABEL],
        "subscriptions": [_subscription(one) for one in person.subscriptions],
        "suppressed": suppression_of(person.suppressed),
        "consents": [_agreed(one) for one in consents],
        "created_at": person.created_at.isoformat(),
        "acted_at": person.acted_at.isoformat() if person.acted_at else "",
    }


def _subscription(one: Subscription) -> dict[str, str]:
    found = {
        "newsletter": one.newsletter,
        "state": one.state.value,
        "frequency": one.frequency.value,
        "paused_until": one.paused_until.isoformat() if one.paused_until else "",
        "since": one.since.isoformat(),
        "confirmed_at": one.confirmed_at.isoformat() if one.confirmed_at else "",
        "reason": one.reason,
        "origin": one.origin,
    }
    return {name: value for name, value in found.items() if value}


def suppression_of(one: Suppression | None) -> dict[str, str] | str:
    """Return what an export says of a suppression; "" if there is none.

    Where an import brought it along, the origin is the one that its file gave.
    """
    if one is None:
        return ""
    return {
        "reason": one.reason.value,
        "origin": imports.before(one.origin),
        "detail": one.detail,
        "at": one.at.isoformat(),
    }


def _agreed(one: Consent) -> dict[str, str]:
    found = {
        "newsletter": one.newsletter,
        "act": one.act,
        "at": one.at.isoformat(),
        "source": one.source,
        "wording": one.wording,
        "network": one.network,
    }
    return {name: value for name, value in found.items() if value}


def keep_wording(
    connection: sa.Connection, version: str, language: str, text: str, now: datetime
) -> None:
    """Keep the text behind a version of the consent wording."""
    proofs.keep_wording(connection, version, language, text, now)


def wording(connection: sa.Connection, version: str) -> str | None:
    """Return the text that a version of the consent wording stands for, or None."""
    return proofs.wording(connection, version)
