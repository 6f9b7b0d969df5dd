"""The signed addresses of articles that are read on our own pages.

Articles collected from files have no page elsewhere. Their numbers can be counted, so an address
carries a keyed hash: only emails and pages of this publication lead to one.
"""

import re
from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest

from newsletter.model.row_number import row_numbers
from subscribers.tokens import sized

_PERSON = b"newsletter-page"
_NAME = re.compile(r"(?P<id>[1-9][0-9]{0,9})-(?P<mac>[0-9a-f]{24})", re.ASCII)


class ArticleSigner:
    """Create and verify addresses under rotating keys: the newest signs, all of them verify."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the secret keys, newest first."""
        self._keys = [sized(key) for key in keys]

    def address(self, base: str, article_id: int) -> str:
        """Return the address of an article's page; `base` is `publication.url`."""
        return f"{base.rstrip('/')}/articles/{article_id}-{_mac(self._keys[0], article_id)}"

    def read(self, name: str) -> int | None:
        """Return the ID that the last part of an address names, or None if it is not signed."""
        found = _NAME.fullmatch(name)
        numbers = row_numbers(found["id"]) if found else None
        if found is None or numbers is None:
            return None
        article_id = numbers[0]
        macs = (_mac(key, article_id) for key in self._keys)
        return article_id if any(compare_digest(mac, found["mac"]) for mac in macs) else None


def _mac(key: bytes, article_id: int) -> str:
    return blake2b(str(article_id).encode(), key=key, digest_size=12, person=_PERSON).hexdigest()
