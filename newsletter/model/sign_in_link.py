"""The signed links by which staff sign in, and the proofs of the browsers that asked for one.

The database knows a request only by its number, so a link is made when its email leaves, and no row
or backup contains one that works. It does not know the browsers: each has a signed proof.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from hmac import compare_digest

PATH = "/sign-in/"
_PERSON = b"newsletter-staff"
_TOKEN = re.compile(r"(?P<id>[1-9][0-9]{0,8})-(?P<mac>[0-9a-f]{40})", re.ASCII)
_PROOF = re.compile(r"(?P<until>[1-9][0-9]{0,10})-(?P<mac>[0-9a-f]{40})", re.ASCII)


class SignInLinks:
    """Create and verify links under rotating keys: the newest signs, all of them verify."""

    def __init__(self, base: str, keys: Sequence[bytes]) -> None:
        """Take the address of the desk, and the secret keys, newest first."""
        self.base = base.rstrip("/")
        self._keys = [blake2b(key).digest() for key in keys]

    def link(self, request_id: int) -> str:
        """Return the link that answers a request to sign in."""
        return f"{self.base}{PATH}{request_id}-{_mac(self._keys[0], str(request_id))}"

    def read(self, token: str) -> int | None:
        """Return the request that a token answers, or None if the token is not signed."""
        found = _TOKEN.fullmatch(token)
        if found is None or not self._is_signed(found["id"], found["mac"]):
            return None
        return int(found["id"])

    def proof(self, key: str, until: datetime) -> str:
        """Return the proof that a browser asked for a link to an address, by its key."""
        ends = int(until.timestamp())
        return f"{ends}-{_mac(self._keys[0], _asked(ends, key))}"

    def is_proof(self, proof: str, key: str, now: datetime) -> bool:
        """Return whether a browser proves that it asked for a link to an address."""
        found = _PROOF.fullmatch(proof)
        if found is None:
            return False
        ends = int(found["until"])
        is_open = datetime.fromtimestamp(ends, UTC) > now
        return is_open and self._is_signed(_asked(ends, key), found["mac"])

    def _is_signed(self, text: str, mac: str) -> bool:
        return any(compare_digest(_mac(key, text), mac) for key in self._keys)


def _asked(until: int, key: str) -> str:
    return f"asked {until} {key}"


def _mac(key: bytes, text: str) -> str:
    return blake2b(text.encode(), key=key, digest_size=20, person=_PERSON).hexdigest()
