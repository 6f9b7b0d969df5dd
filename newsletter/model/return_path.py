"""The envelope sender of each delivery and notice (VERP): a bounce to it names it, provably.

    bounces@example.org  →  bounces+12-345-0a1b2c3d4e5f6071@example.org

The number and name of a delivery can be guessed, so the address carries a keyed hash.
"""

import re
from collections.abc import Callable, Sequence
from hashlib import blake2b
from hmac import compare_digest

from subscribers.tokens import sized

_PERSON = b"newsletter-verp"
_NAMED = re.compile(
    r"\+(?P<delivery>(?:[1-9][0-9]{0,17}|notice)-[1-9][0-9]{0,17})-(?P<mac>[0-9a-f]{16})@", re.ASCII
)


class ReturnPaths:
    """Create and verify envelope senders under rotating keys: the newest signs, all verify."""

    def __init__(self, address: str, keys: Sequence[bytes]) -> None:
        """Take the address of the mailbox, "" if there is none, and the keys, newest first."""
        self._local, _, self._host = address.rpartition("@")
        self._keys = [sized(key) for key in keys]

    @property
    def envelope_sender(self) -> Callable[[str], str] | None:
        """Return the function from the id of a delivery or a notice to its envelope sender.

        None without a mailbox.
        """
        return self.address if self._host else None

    def address(self, delivery: str) -> str:
        """Return the envelope sender of a delivery or a notice."""
        return f"{self._local}+{delivery}-{_mac(self._keys[0], delivery)}@{self._host}"

    def read(self, address: str) -> str | None:
        """Return the delivery or the notice that an address names.

        None if none of our keys signed it.

        Servers may change the case, and relays the part before the first sign.
        """
        found = _NAMED.search(address.lower())
        if found is None:
            return None
        macs = (_mac(key, found["delivery"]) for key in self._keys)
        return found["delivery"] if any(compare_digest(mac, found["mac"]) for mac in macs) else None


def _mac(key: bytes, delivery: str) -> str:
    return blake2b(delivery.encode(), key=key, digest_size=8, person=_PERSON).hexdigest()
