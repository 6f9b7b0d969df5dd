"""Suppress addresses: one row per address, with the strongest reason."""

import sqlalchemy as sa

from subscribers.model import BY_IMPORT, BY_SOFT_BOUNCES, Suppression, SuppressionReason
from subscribers.store.dialects import add_missing
from subscribers.store.people import suppressed
from subscribers.store.tables import suppressions

_STRENGTH = tuple(SuppressionReason)
_PROVISIONAL = (BY_IMPORT, BY_SOFT_BOUNCES)
"""Origins of suppressions that the program lifts without a person: by an undo, or by a late report."""


def put(connection: sa.Connection, wanted: Suppression) -> Suppression | None:
    """Suppress an address and return the suppression now in force; None if nothing changed.

    A stronger reason replaces a weaker suppression. A suppression that the program may lift (of an import,
    or after soft bounces) is taken over by any other, and keeps its reason: what would have lifted it no
    longer does.
    """
    present = suppressed(connection, [wanted.address_key]).get(wanted.address_key)
    if present is None:
        add_missing(connection, suppressions, [_row(wanted)])
        return wanted
    in_force = _stronger(present, wanted)
    if in_force is None:
        return None
    chosen = suppressions.c.address_key == wanted.address_key
    connection.execute(suppressions.update().where(chosen).values(_row(in_force)))
    return in_force


def _stronger(present: Suppression, wanted: Suppression) -> Suppression | None:
    if _STRENGTH.index(wanted.reason) > _STRENGTH.index(present.reason):
        return wanted
    if not present.origin.startswith(_PROVISIONAL) or wanted.origin.startswith(_PROVISIONAL):
        return None
    detail = wanted.detail or present.detail
    return Suppression(present.address_key, present.reason, wanted.origin, detail, present.at)


def _row(suppression: Suppression) -> dict[str, object]:
    return {
        "address_key": suppression.address_key,
        "reason": suppression.reason.value,
        "origin": suppression.origin,
        "detail": suppression.detail,
        "at": suppression.at,
    }
