"""Addresses that are never mailed: put there with a reason, lifted by an explicit act."""

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from subscribers.errors import Unknown
from subscribers.model import Entry, Outcome, Reason, Suppression
from subscribers.store import audit, erasures, people
from subscribers.store.audit import Act
from subscribers.store.missing import add_missing
from subscribers.store.tables import suppressions

_GRAVITY = (Reason.BOUNCE, Reason.MANUAL, Reason.COMPLAINT, Reason.ERASED)


def suppress(
    connection: sa.Connection, suppression: Suppression, *, pepper: bytes, actor: str
) -> Outcome:
    """Suppress an address; a graver reason replaces a lighter one, harmless to repeat."""
    key = suppression.address_key
    present = people.suppressed(connection, [key]).get(key)
    if present and _GRAVITY.index(present.reason) >= _GRAVITY.index(suppression.reason):
        return Outcome("unchanged")
    values = {
        "reason": suppression.reason.value,
        "origin": suppression.origin,
        "detail": suppression.detail,
        "at": suppression.at,
    }
    if present:
        changed = suppressions.update().where(suppressions.c.address_key == key)
        connection.execute(changed.values(values))
    else:
        add_missing(connection, suppressions, [{"address_key": key, **values}])
    return _recorded(connection, suppression, pepper, actor)


def _recorded(
    connection: sa.Connection, suppression: Suppression, pepper: bytes, actor: str
) -> Outcome:
    person = people.find(connection, suppression.address_key)
    if person is None:
        return Outcome("suppressed")
    reason, at = suppression.reason.value, suppression.at
    act = Act(actor, "suppressed", at, person.id, detail={"reason": reason})
    audit.record(connection, act)
    hash_ = erasures.hashed(suppression.address_key, pepper)
    return Outcome("suppressed", entries=(Entry("suppressed", at, person.id, hash_, "", reason),))


def suppress_subscriber(
    connection: sa.Connection, subscriber_id: int, cause: Suppression, *, pepper: bytes
) -> Outcome:
    """Suppress the address of a person for `cause`, whose own address_key is not looked at.

    Somebody who is not known any more is no error: the outcome is "unknown".
    """
    person = people.load(connection, subscriber_id)
    if person is None:
        return Outcome("unknown")
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
) -> Outcome:
    """Mail an address again: an explicit act, with a reason, recorded; raise Unknown if none."""
    present = people.suppressed(connection, [address_key]).get(address_key)
    if present is None:
        msg = f"{address_key} is not suppressed"
        raise Unknown(msg)
    connection.execute(suppressions.delete().where(suppressions.c.address_key == address_key))
    person = people.find(connection, address_key)
    detail = {"reason": present.reason.value, "why": why}
    act = Act(actor, "suppression lifted", now, person.id if person else None, detail=detail)
    audit.record(connection, act)
    if person is None:
        return Outcome("lifted")
    hash_ = erasures.hashed(address_key, pepper)
    return Outcome("lifted", entries=(Entry("lifted", now, person.id, hash_),))
