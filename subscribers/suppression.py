"""Addresses that are never emailed: suppressed for a reason, lifted by an explicit act."""

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from subscribers.errors import NoReason, Unknown
from subscribers.model import Effects, JournalEntry, Suppression
from subscribers.phrase import Phrase
from subscribers.store import audit, erasures, people, suppressions
from subscribers.store.audit import AuditEntry
from subscribers.store.tables import suppressions as table


def suppress(
    connection: sa.Connection, suppression: Suppression, *, pepper: bytes, actor: str
) -> Effects:
    """Suppress an address. A stronger reason replaces a weaker one; repeating has no effect.

    The outcome is `suppressed`, `unchanged`, or `taken over`: only an import or soft bounces had
    suppressed the address, and from now on neither an undo nor a late report lifts it.
    """
    key = suppression.address_key
    erasures.recognize(connection, [key], pepper)
    before = people.suppressed(connection, [key]).get(key)
    in_force = suppressions.put(connection, suppression)
    if in_force is None:
        return Effects("unchanged")
    taken_over = before is not None and before.reason is in_force.reason
    detail = {"reason": in_force.reason.value}
    if before is not None:
        detail["before"] = f"{before.reason.value} by {before.origin}"
    act = AuditEntry(actor, "suppressed", suppression.at, detail=detail)
    subscriber_id, hash_ = _record(connection, key, act, pepper)
    entry = JournalEntry(
        "suppressed", suppression.at, subscriber_id, hash_, "", in_force.reason.value
    )
    return Effects("taken over" if taken_over else "suppressed", entries=(entry,))


def suppress_subscriber(
    connection: sa.Connection, subscriber_id: int, cause: Suppression, *, pepper: bytes
) -> Effects:
    """Suppress the address of a subscriber for `cause`, whose own address_key is ignored.

    If the subscriber no longer exists, the outcome is `unknown`: events arrive late.
    """
    person = people.load(connection, subscriber_id)
    if person is None:
        return Effects("unknown")
    wanted = replace(cause, address_key=person.address_key)
    return suppress(connection, wanted, pepper=pepper, actor=cause.origin)


def lift(
    connection: sa.Connection,
    address_key: str,
    *,
    why: str,
    actor: str,
    now: datetime,
    pepper: bytes,
) -> Effects:
    """Allow email to an address again; the reason is recorded.

    Raise NoReason without a reason, Unknown if the address is not suppressed.
    """
    erasures.recognize(connection, [address_key], pepper)
    present = people.suppressed(connection, [address_key]).get(address_key)
    if present is None:
        msg = Phrase("{address} is not suppressed", address=address_key)
        raise Unknown(msg)
    if not why.strip():
        msg = Phrase("a reason is required: say why this address may be emailed again")
        raise NoReason(msg)
    connection.execute(table.delete().where(table.c.address_key == address_key))
    detail = {"reason": present.reason.value, "why": why}
    act = AuditEntry(actor, audit.LIFTED, now, detail=detail)
    subscriber_id, hash_ = _record(connection, address_key, act, pepper)
    return Effects("lifted", entries=(JournalEntry("lifted", now, subscriber_id, hash_),))


def _record(connection: sa.Connection, key: str, act: AuditEntry, pepper: bytes) -> tuple[int, str]:
    """Record an act on an address under its subscriber, or under its hash if it has none."""
    person, hash_ = people.find(connection, key), erasures.hashed(key, pepper)
    if person is not None:
        audit.record(connection, replace(act, subscriber_id=person.id))
        return person.id, hash_
    audit.record(connection, replace(act, detail={**(act.detail or {}), "hash": hash_}))
    return 0, hash_
