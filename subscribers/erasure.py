"""Erase somebody: everything that we hold, down to a keyed hash."""

from datetime import datetime

import sqlalchemy as sa

from subscribers.model import Effects, EmailAddress, Erased, JournalEntry, Subscriber
from subscribers.store import audit, erasures, people, traces
from subscribers.store.audit import AuditEntry


def erase_address(
    connection: sa.Connection, address: EmailAddress, *, pepper: bytes, actor: str, now: datetime
) -> Effects:
    """Erase whoever has an address; where it is nobody's, what is suppressed under it."""
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
    """Delete a person with tags, consents, requests, links and undo snapshots.

    The audit keeps what was done and by whom, without details. `outcome.erased` names whom the
    caller must erase from newsletter's own tables and files.
    """
    hash_ = erasures.hashed(person.address_key, pepper)
    erasures.remember(connection, hash_, now)
    traces.remove_person(connection, person, hash_)
    audit.record(connection, AuditEntry(actor, "erased", now, person.id))
    return Effects(
        "erased",
        entries=(JournalEntry("erased", now, person.id, hash_),),
        erased=Erased(person.id, person.address),
    )
