"""A small proof of work for sign-ups, or a plain question for people without scripts.

It is asked for only while an unusual number of sign-ups stays unconfirmed. A challenge is signed
and not stored; the answer is used once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from hmac import compare_digest

BITS = 16
"""Leading zero bits of the hash: about 65,000 attempts, less than a second on a phone."""
LASTS = timedelta(hours=1)
REMEMBERED = 10_000
"""Used challenges that are kept; at that number the oldest are forgotten."""
LONGEST_ANSWER = 20
_PERSON = b"newsletter-proof"


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a form asks for: `text` is signed, `first` and `second` are added by people."""

    text: str
    bits: int
    first: int
    second: int


class Challenges:
    """Make challenges and check their answers."""

    def __init__(self, key: bytes, now: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        """Take the key that signs challenges."""
        self._key = blake2b(key).digest()
        self._now = now
        self._new_id = new_id
        self._used: dict[str, datetime] = {}

    def new(self) -> Challenge:
        """Return a new challenge."""
        until = int((self._now() + LASTS).timestamp())
        body = f"{until}.{self._new_id()[:16]}"
        return self._challenge(f"{body}.{self._mac(body)}")

    def solved(self, text: str, address: str, proof: str, answer: str) -> bool:
        """Return whether a form answers a challenge, which uses it up.

        `proof` is a number that, hashed with the challenge and the address, gives enough zero bits.
        `answer` is the sum that the question asks for.
        """
        if not self._genuine(text) or text in self._used:
            return False
        challenge = self._challenge(text)
        by_script = is_proof(f"{text}|{address}|{proof[:LONGEST_ANSWER]}", challenge.bits)
        by_person = answer.strip()[:LONGEST_ANSWER] == str(challenge.first + challenge.second)
        if not (by_script or by_person):
            return False
        while len(self._used) >= REMEMBERED:
            del self._used[next(iter(self._used))]
        self._used[text] = self._now()
        return True

    def _genuine(self, text: str) -> bool:
        body, _, mac = text.rpartition(".")
        until = body.partition(".")[0]
        if not compare_digest(mac.encode(), self._mac(body).encode()):
            return False
        return self._now().timestamp() < int(until)

    def _challenge(self, text: str) -> Challenge:
        digest = blake2b(text.encode(), key=self._key, person=_PERSON).digest()
        return Challenge(text, BITS, first=2 + digest[0] % 8, second=2 + digest[1] % 8)

    def _mac(self, body: str) -> str:
        return blake2b(body.encode(), key=self._key, digest_size=16, person=_PERSON).hexdigest()


def is_proof(text: str, bits: int) -> bool:
    """Return whether the SHA-256 hash of a text begins with so many zero bits."""
    return int.from_bytes(sha256(text.encode()).digest(), "big") >> (256 - bits) == 0
