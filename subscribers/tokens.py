"""The tokens of links in emails: subscriber, newsletter and purpose. They contain no address.

    <purpose><key id>.<newsletter>.<subscriber>[.<serial>.<until>].<keyed BLAKE2b>

Tokens consist of lower-case letters, digits, dots and dashes, which no email client breaks or
escapes. They are verified before any query. Keys rotate: the newest one signs, all of them verify,
so that links in old emails still work.
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
_LETTERS = re.compile(r"[A-Za-z0-9._~-]*", re.ASCII)
_PLAIN = re.compile(r"[a-z0-9_-]+", re.ASCII)


class Purpose(StrEnum):
    """What a token permits."""

    ISSUE = "m"
    """In every issue: unsubscribe, pause, change topics, read in the browser. Never expires."""
    CONFIRM = "c"
    """Confirm a sign-up."""
    MANAGE = "s"
    """Single use, newly emailed: export, erasure, change of address."""
    ADDRESS = "a"
    """Single use, emailed to the new address: confirm the change."""


@dataclass(frozen=True, slots=True)
class LinkClaim:
    """The content of a genuine token; `until` is None if it never expires."""

    subscriber_id: int
    newsletter: str
    purpose: Purpose
    serial: int = 0
    until: datetime | None = None

    def expired(self, now: datetime) -> bool:
        """Return whether the token has expired."""
        return self.until is not None and now >= self.until


def bare(token: str) -> str:
    """Return a token without what clients and readers add after a link.

    That is the sign that ends a sentence or a parenthesis (mailcow#7317) in any language, an entity
    such as `&gt;`, or what is left of an encoding.
    """
    found = _LETTERS.match(token.lstrip("/"))
    return found[0].rstrip("._~-") if found else ""


class Signer:
    """Create and verify tokens under rotating keys, newest first."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the secret keys. BLAKE2b takes 64 bytes; a longer key is hashed first."""
        if not keys:
            msg = "a signer needs at least one key"
            raise ValueError(msg)
        self._keys = [(_key_id(key), sized(key)) for key in keys]

    def mint_many(
        self, subscriber_ids: Iterable[int], newsletter: str, purpose: Purpose
    ) -> list[str]:
        """Return a token without expiry for each subscriber.

        The common prefix is hashed once, which matters for issues to a million subscribers.
        """
        key_id, key = self._keys[0]
        prefix = f"{purpose.value}{key_id}.{_encoded(newsletter)}."
        prefix_mac = blake2b(prefix.encode(), key=key, digest_size=16, person=_PERSON)
        tokens = []
        for subscriber in map(str, subscriber_ids):
            mac = prefix_mac.copy()
            mac.update(subscriber.encode())
            tokens.append(f"{prefix}{subscriber}.{mac.hexdigest()}")
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
        """Return one token; `serial` is the ID of a request or of a single-use link."""
        if not serial and until is None:
            return self.mint_many([subscriber_id], newsletter, purpose)[0]
        key_id, key = self._keys[0]
        ends = 0 if until is None else int(until.timestamp())
        message = f"{purpose.value}{key_id}.{_encoded(newsletter)}.{subscriber_id}.{serial}.{ends}"
        return f"{message}.{_mac(key, message)}"

    def read(self, token: str) -> LinkClaim | None:
        """Return the content of a token if one of our keys signed it, else None.

        What is added after a link is ignored, as is upper case: a token never contains either.
        """
        if len(token) > LONGEST or not (found := _SHAPE.fullmatch(bare(token).lower())):
            return None
        macs = [_mac(key, found["message"]) for key_id, key in self._keys if key_id == found["key"]]
        if not any(compare_digest(mac, found["mac"]) for mac in macs):
            return None
        return _claim(found)


def _claim(found: re.Match[str]) -> LinkClaim | None:
    newsletter = _decoded(found["newsletter"])
    if newsletter is None or found["purpose"] not in {purpose.value for purpose in Purpose}:
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


def sized(key: bytes) -> bytes:
    """Return a secret key as BLAKE2b takes it: one that is too long is hashed first."""
    return key if len(key) <= blake2b.MAX_KEY_SIZE else blake2b(key).digest()


def _key_id(key: bytes) -> str:
    return blake2b(key, digest_size=2, person=b"newsletter-keyid").hexdigest()


def _encoded(newsletter: str) -> str:
    """Return the newsletter's key in characters that no email client changes."""
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
