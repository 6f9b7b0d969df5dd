"""Links with which anyone may look at one edition for some days, and do nothing else.

    <issue>-<edition>-<end>-<mac>

The keyed hash also covers the content: when the edition changes, its links end.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from hmac import compare_digest

from newsletter.model.row_number import row_numbers
from subscribers.tokens import sized

LASTS = timedelta(days=7)
_PERSON = b"newsletter-shar"
_NUMBER = "[1-9][0-9]{0,9}"
_SHAPE = re.compile(
    rf"(?P<issue>{_NUMBER})-(?P<seq>{_NUMBER})-(?P<end>{_NUMBER})-(?P<mac>[0-9a-f]{{32}})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class SharedPreview:
    """What a link names; `end` is when it ends, in seconds since 1970."""

    issue_id: int
    seq: int
    end: int
    mac: str


class SharedPreviews:
    """Create and verify links under rotating keys: the newest signs, all of them verify."""

    def __init__(self, keys: Sequence[bytes], base: str) -> None:
        """Take the secret keys, newest first, and `publication.url`."""
        self._keys = [sized(key) for key in keys]
        self._base = base.rstrip("/")

    def link(self, issue_id: int, seq: int, content_hash: str, now: datetime) -> str:
        """Return a link to an edition with this content."""
        end = int((now + LASTS).timestamp())
        mac = _mac(self._keys[0], f"{issue_id}-{seq}-{end}", content_hash)
        return f"{self._base}/shared/{issue_id}-{seq}-{end}-{mac}"

    def read(self, text: str, now: datetime) -> SharedPreview | None:
        """Return what a link names before it ends; `is_genuine` says whether it is ours."""
        found = _SHAPE.fullmatch(text)
        numbers = row_numbers(found["issue"], found["seq"]) if found else None
        if found is None or numbers is None or int(found["end"]) <= now.astimezone(UTC).timestamp():
            return None
        return SharedPreview(numbers[0], numbers[1], int(found["end"]), found["mac"])

    def is_genuine(self, shared: SharedPreview, content_hash: str) -> bool:
        """Return whether one of our keys signed a link for this content."""
        text = f"{shared.issue_id}-{shared.seq}-{shared.end}"
        macs = (_mac(key, text, content_hash) for key in self._keys)
        return any(compare_digest(mac, shared.mac) for mac in macs)


def _mac(key: bytes, text: str, content_hash: str) -> str:
    content = f"{text}-{content_hash}".encode()
    return blake2b(content, key=key, digest_size=16, person=_PERSON).hexdigest()
