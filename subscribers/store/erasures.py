"""What remains of addresses that belong to no subscriber: keyed hashes, each with a reason.

An address is kept as a hash if it was erased on request, if its owner moved to another address, or
if a restored database learned from the journal that a subscriber it does not know unsubscribed or
was suppressed. A second, differently derived hash counts unanswered confirmation emails.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

import sqlalchemy as sa

from subscribers.model import Suppression, SuppressionReason
from subscribers.store.dialects import add_missing, is_one_of
from subscribers.store.tables import erasures, suppressions
from subscribers.tokens import sized

UNSUBSCRIBED = "unsubscribed"
MOVED = "moved"
# Version 0.1 stored this for an address that never answered. New rows count instead.
_UNANSWERED = "asked three times"
_STRENGTH = (_UNANSWERED, UNSUBSCRIBED, MOVED, *SuppressionReason)
SUPPRESSED = frozenset(SuppressionReason) - {SuppressionReason.ERASED}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KeptHash:
    """Why the hash of an address is kept, and since when."""

    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class UnansweredRequests:
    """How many confirmation emails an address did not answer, and the time of the last one."""

    count: int = 0
    at: datetime | None = None

    def within_a_day(self, now: datetime) -> int:
        """Return 1 if the last one was sent within a day, else 0."""
        return int(self.at is not None and self.at > now - _DAY)


def hashed(address_key: str, pepper: bytes) -> str:
    """Return the keyed hash of an address. Without the pepper, no one can test addresses on it."""
    return blake2b(
        address_key.encode(), key=sized(pepper), digest_size=24, person=b"newsletter-gone"
    ).hexdigest()


def kept(connection: sa.Connection, keys: Collection[str], pepper: bytes) -> dict[str, KeptHash]:
    """Return the reasons for those of `keys` whose hashes are kept."""
    # Imports call this for every chunk: without any erasure, skip hashing thousands of keys.
    if not keys or connection.scalar(sa.select(erasures.c.hash).limit(1)) is None:
        return {}
    hashes = {hashed(key, pepper): key for key in keys}
    wanted = is_one_of(connection, erasures.c.hash, hashes)
    rows = connection.execute(sa.select(erasures).where(wanted))
    return {hashes[row.hash]: KeptHash(row.reason, row.at) for row in rows}


def as_suppressions(found: dict[str, KeptHash]) -> dict[str, Suppression]:
    """Return those of the kept hashes that suppress an address, as suppressions."""
    return {
        key: Suppression(key, SuppressionReason(hash_.reason), "journal", "", hash_.at)
        for key, hash_ in found.items()
        if hash_.reason in SUPPRESSED
    }


def recognize(connection: sa.Connection, keys: Collection[str], pepper: bytes) -> None:
    """Replace kept hashes that suppress one of `keys` by suppressions of the address."""
    for key, suppression in as_suppressions(kept(connection, keys, pepper)).items():
        row = {
            "address_key": key,
            "reason": suppression.reason.value,
            "origin": suppression.origin,
            "at": suppression.at,
        }
        add_missing(connection, suppressions, [row])
        forget(connection, hashed(key, pepper))


def load(connection: sa.Connection, hash_: str) -> KeptHash | None:
    """Return why a hash is kept, or None."""
    row = connection.execute(sa.select(erasures).where(erasures.c.hash == hash_)).first()
    return None if row is None else KeptHash(row.reason, row.at)


def remember(
    connection: sa.Connection,
    hash_: str,
    now: datetime,
    reason: str = SuppressionReason.ERASED.value,
) -> bool:
    """Keep a hash unless a stronger reason is stored; return whether the reason is new."""
    present = load(connection, hash_)
    is_new = present is None or _STRENGTH.index(present.reason) < _STRENGTH.index(reason)
    # A repeated erasure renews the time, which the journal compares with later sign-ups.
    if is_new or reason == SuppressionReason.ERASED:
        forget(connection, hash_)
        add_missing(connection, erasures, [{"hash": hash_, "reason": reason, "at": now}])
    return is_new


def forget(connection: sa.Connection, hash_: str) -> bool:
    """Delete a kept hash because its owner confirmed the address; return whether it was kept."""
    return connection.execute(erasures.delete().where(erasures.c.hash == hash_)).rowcount > 0


def unanswered(connection: sa.Connection, address_key: str, pepper: bytes) -> UnansweredRequests:
    """Return the unanswered requests of an address that are no longer stored as requests."""
    found = load(connection, _requests_hash(address_key, pepper))
    return (
        UnansweredRequests() if found is None else UnansweredRequests(int(found.reason), found.at)
    )


def add_unanswered(
    connection: sa.Connection, address_key: str, pepper: bytes, count: int, at: datetime
) -> None:
    """Count further confirmation emails to an address; the last one was sent at `at`."""
    total = unanswered(connection, address_key, pepper).count + count
    hash_ = _requests_hash(address_key, pepper)
    forget(connection, hash_)
    add_missing(connection, erasures, [{"hash": hash_, "reason": str(total), "at": at}])


def forget_unanswered(connection: sa.Connection, address_key: str, pepper: bytes) -> None:
    """Reset the count of an address that has answered."""
    forget(connection, _requests_hash(address_key, pepper))


def _requests_hash(address_key: str, pepper: bytes) -> str:
    return hashed(f"asked {address_key}", pepper)
