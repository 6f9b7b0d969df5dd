"""Put addresses on the list of those that are never mailed; one row each, the gravest reason."""

import sqlalchemy as sa

from subscribers.model import BY_IMPORT, Suppression, SuppressionReason
from subscribers.store.missing import add_missing
from subscribers.store.people import suppressed
from subscribers.store.tables import suppressions

_GRAVITY = tuple(SuppressionReason)


def put(connection: sa.Connection, wanted: Suppression) -> Suppression | None:
    """Suppress an address and return what stands now; None if nothing changed.

    A graver reason replaces a lighter one. A lighter one from anybody but an import takes over
    what only an import had said, with its reason: undoing that import must not lift it.
    """
    present = suppressed(connection, [wanted.address_key]).get(wanted.address_key)
    if present is None:
        add_missing(connection, suppressions, [_row(wanted)])
        return wanted
    stands = _stronger(present, wanted)
    if stands is None:
        return None
    chosen = suppressions.c.address_key == wanted.address_key
    connection.execute(suppressions.update().where(chosen).values(_row(stands)))
    return stands


def _stronger(present: Suppression, wanted: Suppression) -> Suppression | None:
    if _GRAVITY.index(wanted.reason) > _GRAVITY.index(present.reason):
        return wanted
    if not present.origin.startswith(BY_IMPORT) or wanted.origin.startswith(BY_IMPORT):
        return None
    detail = wanted.detail or present.detail
    return Suppression(present.address_key, present.reason, wanted.origin, detail, present.at)


def _row(one: Suppression) -> dict[str, object]:
    return {
        "address_key": one.address_key,
        "reason": one.reason.value,
        "origin": one.origin,
        "detail": one.detail,
        "at": one.at,
    }
