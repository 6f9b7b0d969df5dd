"""The address of the calendar that calendar programs subscribe to; they cannot sign in.

It shows nothing but slots and titles of newsletters. It ends when the secret key is replaced.
"""

from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest

from subscribers.tokens import sized

_PERSON = b"newsletter-feed"


class CalendarFeed:
    """Create and verify the address under rotating keys: the newest signs, all of them verify."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the secret keys, newest first."""
        self._names = [_name(key) for key in keys]

    @property
    def name(self) -> str:
        """Return the last part of the address, without its ending."""
        return self._names[0]

    def is_genuine(self, name: str) -> bool:
        """Return whether a name is genuine."""
        given = name.encode()
        return any(compare_digest(known.encode(), given) for known in self._names)


def _name(key: bytes) -> str:
    return blake2b(b"calendar", key=sized(key), digest_size=16, person=_PERSON).hexdigest()
