"""The signed links by which staff sign in.

The database knows a request only by its number, so a link is made when its email leaves, and no row
or backup contains one that works.
"""

import re
from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest

PATH = "/sign-in/"
_PERSON = b"newsletter-staff"
_TOKEN = re.compile(r"(?P<id>[1-9][0-9]{0,8})-(?P<mac>[0-9a-f]{40})", re.ASCII)


class SignInLinks:
    """Create and verify links under rotating keys: the newest signs, all of them verify."""

    def __init__(self, base: str, keys: Sequence[bytes]) -> None:
        """Take the address of the desk, and the secret keys, newest first."""
        self.base = base.rstrip("/")
        self._keys = [blake2b(key).digest() for key in keys]

    def link(self, request_id: int) -> str:
        """Return the link that answers a request to sign in."""
        return f"{self.base}{PATH}{request_id}-{_mac(self._keys[0], request_id)}"

    def read(self, token: str) -> int | None:
        """Return the request that a token answers, or None if the token is not signed."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            return None
        macs = (_mac(key, int(found["id"])) for key in self._keys)
        return int(found["id"]) if any(compare_digest(mac, found["mac"]) for mac in macs) else None


def _mac(key: bytes, request_id: int) -> str:
    return blake2b(str(request_id).encode(), key=key, digest_size=20, person=_PERSON).hexdigest()
