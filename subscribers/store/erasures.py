"""What is left of addresses that are nobody's any more: keyed hashes, each with a reason.

Erased on request; moved (its owner gave us another address); left and suppressed (where a restored
database has learnt of somebody whom it does not know). Under a hash of its own stands how often
an address was asked by mail and did not answer.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

import sqlalchemy as sa

from subscribers.model import Suppression, SuppressionReason
from subscribers.store.missing import add_missing
from subscribers.store.tables import erasures, suppressions

UNSUBSCRIBED = "unsubscribed"
MOVED = "moved"
_TIRED = "asked three times"
"""What an earlier version wrote of an address that never answered; nobody writes it any more."""
_GRAVITY = (_TIRED, UNSUBSCRIBED, MOVED, *SuppressionReason)
SUPPRESSED = frozenset(SuppressionReason) - {SuppressionReason.ERASED}
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class KeptHash:
    """Why the hash of an address is kept, and since when."""

    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PastRequests:
    """How often an address was asked and did not answer, and when last."""

    times: int = 0
    at: datetime | None = None

    def lately(self, now: datetime) -> int:
        """Return 1 if it was asked within a day, else 0."""
        return int(self.at is not None and self.at > now - _DAY)


def hashed(address_key: str, pepper: bytes) -> str:
    """Return the keyed hash of an address; without the pepper nobody can try addresses on it."""
    key = pepper if len(pepper) <= blake2b.MAX_KEY_SIZE else blake2b(pepper).digest()
    return blake2b(
        address_key.encode(), key=key, digest_size=24, person=b"newsletter-gone"
    ).hexdigest()


def kept(connection: sa.Connection, keys: Collection[str], pepper: bytes) -> dict[str, KeptHash]:
    """Return those of `keys` whose hashes are kept, with the reason."""
    if not keys or connection.scalar(sa.select(erasures.c.hash).limit(1)) is None:
        return {}
    hashes = {hashed(key, pepper): key for key in keys}
    rows = connection.execute(sa.select(erasures).where(erasures.c.hash.in_(list(hashes))))
    return {hashes[row.hash]: KeptHash(row.reason, row.at) for row in rows}


def blocked(found: dict[str, KeptHash]) -> dict[str, Suppression]:
    """Return what is suppressed among kept hashes, as suppressions of their addresses."""
    return {
        key: Suppression(key, SuppressionReason(one.reason), "journal", "", one.at)
        for key, one in found.items()
        if one.reason in SUPPRESSED
    }


def recognize(connection: sa.Connection, keys: Collection[str], pepper: bytes) -> None:
    """Suppress those of `keys` that a hash has kept suppressed, now that the addresses are known."""
    for key, one in blocked(kept(connection, keys, pepper)).items():
        row = {"address_key": key, "reason": one.reason.value, "origin": one.origin, "at": one.at}
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
    """Note why an address is gone, unless a graver reason stands; return whether that was news."""
    present = load(connection, hash_)
    news = present is None or _GRAVITY.index(present.reason) < _GRAVITY.index(reason)
    if news or reason == SuppressionReason.ERASED:
        forget(connection, hash_)
        add_missing(connection, erasures, [{"hash": hash_, "reason": reason, "at": now}])
    return news


def forget(connection: sa.Connection, hash_: str) -> bool:
    """Let an address back in, whose owner confirmed it; return whether it was shut out."""
    gone = connection.execute(erasures.delete().where(erasures.c.hash == hash_))
    return gone.rowcount > 0


def asked(connection: sa.Connection, address_key: str, pepper: bytes) -> PastRequests:
    """Return how often an address was asked, apart from the requests that are still here."""
    found = load(connection, _asked_hash(address_key, pepper))
    return PastRequests() if found is None else PastRequests(int(found.reason), found.at)


def add_asked(
    connection: sa.Connection, address_key: str, pepper: bytes, times: int, at: datetime
) -> None:
    """Note that an address was asked so many times more, and when last."""
    total = asked(connection, address_key, pepper).times + times
    hash_ = _asked_hash(address_key, pepper)
    forget(connection, hash_)
    add_missing(connection, erasures, [{"hash": hash_, "reason": str(total), "at": at}])


def forget_asked(connection: sa.Connection, address_key: str, pepper: bytes) -> None:
    """Forget how often an address was asked: it has answered."""
    forget(connection, _asked_hash(address_key, pepper))


def _asked_hash(address_key: str, pepper: bytes) -> str:
    return hashed(f"asked {address_key}", pepper)
