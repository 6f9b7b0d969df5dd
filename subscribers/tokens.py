"""The tokens of links in mail: who, for which newsletter, for what. They hold no address.

    <purpose><key id>.<newsletter>.<subscriber>[.<serial>.<until>].<keyed BLAKE2b>

Only lower-case letters, digits, dots, dashes: nothing that a mail program breaks or escapes. They
are verified before any query. Keys rotate: the newest signs, all verify, so old links still leave.
"""

import base64
import re
from binascii import Error as Base32Error
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import blake2b
from hmac import compare_digest

LONGEST = 512
_PERSON = b"newsletter-link"
_SHAPE = re.compile(
    r"(?P<message>(?P<purpose>[a-z])(?P<key>[0-9a-f]{4})\.(?P<newsletter>[a-z0-9_~-]+)"
    r"\.(?P<subscriber>[0-9]{1,18})(?:\.(?P<serial>[0-9]{1,18})\.(?P<until>[0-9]{1,11}))?)"
    r"\.(?P<mac>[0-9a-f]{32})",
    re.ASCII,
)
_PLAIN = re.compile(r"[a-z0-9_-]+", re.ASCII)


class Purpose(StrEnum):
    """What a token may do."""

    ISSUE = "m"
    """In every issue: leave, pause, change topics, read in the browser. Never expires."""
    CONFIRM = "c"
    """Confirm a sign-up."""
    MANAGE = "s"
    """Single use, freshly mailed: export, erasure, change of address."""
    ADDRESS = "a"
    """Single use, mailed to the new address: take it."""


@dataclass(frozen=True, slots=True)
class LinkClaim:
    """What a genuine token says; `until` is None where it never expires."""

    subscriber_id: int
    newsletter: str
    purpose: Purpose
    serial: int = 0
    until: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """Tell whether its time is over."""
        return self.until is not None and now >= self.until


class Signer:
    """Mint and read tokens under rotating keys, newest first."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the secret keys; a longer one than BLAKE2b takes is hashed first."""
        if not keys:
            msg = "a signer needs at least one key"
            raise ValueError(msg)
        self._keys = [(_key_id(key), _sized(key)) for key in keys]

    def mint_many(
        self, subscriber_ids: Iterable[int], newsletter: str, purpose: Purpose
    ) -> list[str]:
        """Return a token without expiry for each of these; what they share is hashed once."""
        key_id, key = self._keys[0]
        prefix = f"{purpose.value}{key_id}.{_encoded(newsletter)}."
        begun = blake2b(prefix.encode(), key=key, digest_size=16, person=_PERSON)
        tokens = []
        for one in map(str, subscriber_ids):
            mac = begun.copy()
            mac.update(one.encode())
            tokens.append(f"{prefix}{one}.{mac.hexdigest()}")
        return tokens

    def mint(
        self,
        subscriber_id: int,
        newsletter: str,
        purpose: Purpose,
        *,
        serial: int = 0,
        until: datetime | None = None,
    ) -> str:
        """Return one token; `serial` names a request or a single-use link."""
        if not serial and until is None:
            return self.mint_many([subscriber_id], newsletter, purpose)[0]
        key_id, key = self._keys[0]
        ends = 0 if until is None else int(until.timestamp())
        message = f"{purpose.value}{key_id}.{_encoded(newsletter)}.{subscriber_id}.{serial}.{ends}"
        return f"{message}.{_mac(key, message)}"

    def read(self, token: str) -> LinkClaim | None:
        """Return what the token says if one of our keys signed it, else None; asks no database."""
        if len(token) > LONGEST or not (found := _SHAPE.fullmatch(token)):
            return None
        macs = [_mac(key, found["message"]) for key_id, key in self._keys if key_id == found["key"]]
        if not any(compare_digest(mac, found["mac"]) for mac in macs):
            return None
        return _claim(found)


def _claim(found: re.Match[str]) -> LinkClaim | None:
    newsletter = _decoded(found["newsletter"])
    if newsletter is None or found["purpose"] not in {one.value for one in Purpose}:
        return None
    ends = int(found["until"] or 0)
    return LinkClaim(
        subscriber_id=int(found["subscriber"]),
        newsletter=newsletter,
        purpose=Purpose(found["purpose"]),
        serial=int(found["serial"] or 0),
        until=datetime.fromtimestamp(ends, UTC) if ends else None,
    )


def _mac(key: bytes, message: str) -> str:
    return blake2b(message.encode(), key=key, digest_size=16, person=_PERSON).hexdigest()


def _sized(key: bytes) -> bytes:
    return key if len(key) <= blake2b.MAX_KEY_SIZE else blake2b(key).digest()


def _key_id(key: bytes) -> str:
    return blake2b(key, digest_size=2, person=b"newsletter-keyid").hexdigest()


def _encoded(newsletter: str) -> str:
    """Return the newsletter's key in characters that no mail program touches."""
    if _PLAIN.fullmatch(newsletter):
        return newsletter
    return "~" + base64.b32encode(newsletter.encode()).decode().rstrip("=").lower()


def _decoded(text: str) -> str | None:
    if not text.startswith("~"):
        return text
    padded = text[1:].upper() + "=" * (-(len(text) - 1) % 8)
    try:
        return base64.b32decode(padded).decode()
    except (Base32Error, ValueError):
        return None
