"""Erase a subscriber: delete everything stored about them, down to a keyed hash."""

from datetime import datetime

import sqlalchemy as sa

from subscribers.model import (
    Effects,
    EmailAddress,
    Erased,
    JournalEntry,
    Subscriber,
    SubscriptionState,
)
from subscribers.store import audit, erasures, people, traces
from subscribers.store.audit import AuditEntry


def erase_address(
    connection: sa.Connection, address: EmailAddress, *, pepper: bytes, actor: str, now: datetime
) -> Effects:
    """Erase the subscriber with an address; without one, what is stored about the address."""
    person = people.find(connection, address.key)
    if person is not None:
        return erase(connection, person, pepper=pepper, actor=actor, now=now)
    hash_ = erasures.hashed(address.key, pepper)
    erasures.remember(connection, hash_, now)
    traces.remove_address(connection, address.key, hash_)
    audit.record(connection, AuditEntry(actor, "erased", now))
    return Effects(
        "erased",
        entries=(JournalEntry("erased", now, 0, hash_),),
        erased=Erased(0, address.text),
    )


def erase(
    connection: sa.Connection, person: Subscriber, *, pepper: bytes, actor: str, now: datetime
) -> Effects:
    """Delete a subscriber with tags, consents, requests, links and undo records.

    The audit keeps which act was done by whom, without details, and which newsletters lost a
    subscriber. The caller must erase `effects.erased` from newsletter's own tables and files.
    """
    detail = {"newsletters": _lost(person, now)}
    hash_ = erasures.hashed(person.address_key, pepper)
    erasures.remember(connection, hash_, now)
    traces.remove_person(connection, person, hash_)
    audit.record(connection, AuditEntry(actor, "erased", now, person.id, detail=detail))
    return Effects(
        "erased",
        entries=(JournalEntry("erased", now, person.id, hash_),),
        erased=Erased(person.id, person.address),
    )


def _lost(person: Subscriber, now: datetime) -> list[str]:
    """Return the newsletters that lose a subscriber; an earlier suppression was a loss before."""
    suppressed = person.suppressed
    # A suppression of the same day cannot be counted any more: that takes the subscription.
    if suppressed is not None and suppressed.at.date() < now.date():
        return []
    return [
        subscription.newsletter
        for subscription in person.subscriptions
        if subscription.state is SubscriptionState.CONFIRMED
    ]
