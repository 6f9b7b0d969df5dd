"""What is left of erased people: keyed hashes of their addresses."""

from collections.abc import Collection
from datetime import datetime
from hashlib import blake2b

import sqlalchemy as sa

from subscribers.model import Reason
from subscribers.store.missing import add_missing
from subscribers.store.tables import erasures


def hashed(address_key: str, pepper: bytes) -> str:
    """Return the keyed hash of an address; without the pepper nobody can try addresses on it."""
    key = pepper if len(pepper) <= blake2b.MAX_KEY_SIZE else blake2b(pepper).digest()
    return blake2b(
        address_key.encode(), key=key, digest_size=24, person=b"newsletter-gone"
    ).hexdigest()


def erased(connection: sa.Connection, keys: Collection[str], pepper: bytes) -> frozenset[str]:
    """Return those of `keys` that were erased."""
    if not keys or connection.scalar(sa.select(erasures.c.hash).limit(1)) is None:
        return frozenset()
    hashes = {hashed(key, pepper): key for key in keys}
    rows = connection.scalars(
        sa.select(erasures.c.hash).where(
            erasures.c.hash.in_(list(hashes)), erasures.c.reason == Reason.ERASED.value
        )
    )
    return frozenset(hashes[one] for one in rows)


def reason(connection: sa.Connection, address_key: str, pepper: bytes) -> str:
    """Return why the hash of an address is kept; "" if it is not."""
    kept = sa.select(erasures.c.reason).where(erasures.c.hash == hashed(address_key, pepper))
    return connection.scalar(kept) or ""


def remember(
    connection: sa.Connection, hash_: str, now: datetime, reason: str = Reason.ERASED.value
) -> None:
    """Note why an address is gone for good; harmless to repeat, the later reason stands."""
    forget(connection, hash_)
    add_missing(connection, erasures, [{"hash": hash_, "reason": reason, "at": now}])


def forget(connection: sa.Connection, hash_: str) -> bool:
    """Let an address back in, whose owner confirmed it; return whether it was shut out."""
    gone = connection.execute(erasures.delete().where(erasures.c.hash == hash_))
    return gone.rowcount > 0
