"""Addresses that are never mailed: put there with a reason, lifted by an explicit act."""

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from subscribers.errors import NoReason, Unknown
from subscribers.model import Effects, JournalEntry, Suppression
from subscribers.store import audit, erasures, people, suppressions
from subscribers.store.audit import AuditEntry
from subscribers.store.tables import suppressions as table


def suppress(
    connection: sa.Connection, suppression: Suppression, *, pepper: bytes, actor: str
) -> Effects:
    """Suppress an address; a graver reason replaces a lighter one, harmless to repeat.

    The outcome is suppressed, unchanged, or taken over: it was suppressed by an import alone, and
    stays so now whatever becomes of that import.
    """
    key = suppression.address_key
    erasures.recognize(connection, [key], pepper)
    before = people.suppressed(connection, [key]).get(key)
    stands = suppressions.put(connection, suppression)
    if stands is None:
        return Effects("unchanged")
    over = before is not None and before.reason is stands.reason
    detail = {"reason": stands.reason.value}
    if before is not None:
        detail["before"] = f"{before.reason.value} by {before.origin}"
    act = AuditEntry(actor, "suppressed", suppression.at, detail=detail)
    number, hash_ = _record(connection, key, act, pepper)
    entry = JournalEntry("suppressed", suppression.at, number, hash_, "", stands.reason.value)
    return Effects("taken over" if over else "suppressed", entries=(entry,))


def suppress_subscriber(
    connection: sa.Connection, subscriber_id: int, cause: Suppression, *, pepper: bytes
) -> Effects:
    """Suppress the address of a person for `cause`, whose own address_key is not looked at.

    Somebody who is not known any more is no error: the outcome is "unknown".
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
    """NoticeIntent an address again: an explicit act, with a reason, recorded.

    Raise NoReason without a reason, Unknown where nothing is suppressed.
    """
    erasures.recognize(connection, [address_key], pepper)
    present = people.suppressed(connection, [address_key]).get(address_key)
    if present is None:
        msg = f"{address_key} is not suppressed"
        raise Unknown(msg)
    if not why.strip():
        msg = "a suppression is lifted for a reason; say why the address may be mailed again"
        raise NoReason(msg)
    connection.execute(table.delete().where(table.c.address_key == address_key))
    detail = {"reason": present.reason.value, "why": why}
    act = AuditEntry(actor, "suppression lifted", now, detail=detail)
    number, hash_ = _record(connection, address_key, act, pepper)
    return Effects("lifted", entries=(JournalEntry("lifted", now, number, hash_),))


def _record(connection: sa.Connection, key: str, act: AuditEntry, pepper: bytes) -> tuple[int, str]:
    """Record an act on an address: by the number of its owner, by its hash where it has none."""
    person, hash_ = people.find(connection, key), erasures.hashed(key, pepper)
    if person is not None:
        audit.record(connection, replace(act, subscriber_id=person.id))
        return person.id, hash_
    audit.record(connection, replace(act, detail={**(act.detail or {}), "hash": hash_}))
    return 0, hash_
