"""Tickets: the signed names of emails in the links and the image that are counted.

    of an email: <issue>-<number>-<edition>-<mac>       without a reader: <issue>-<edition>-<mac>

The numbers can be guessed, so a ticket carries a keyed hash. It contains no address and permits
nothing but counting: a reader who passes a link on does not pass on the subscription.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from hmac import compare_digest

from subscribers.tokens import sized

_PERSON = b"newsletter-clck"
_NUMBER = "[1-9][0-9]{0,17}"
_SHAPE = re.compile(
    rf"(?P<content>(?P<issue>{_NUMBER})(?:-(?P<seq>{_NUMBER}))?-(?P<edition>{_NUMBER}))"
    r"-(?P<mac>[0-9a-f]{16})",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a genuine ticket names: an edition of an issue, and the delivery unless `seq` is None."""

    issue_id: int
    edition_id: int
    seq: int | None = None


class TicketSigner:
    """Create and verify tickets under rotating keys: the newest signs, all of them verify."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Take the secret keys, newest first."""
        self._keys = [sized(key) for key in keys]

    def of_deliveries(self, edition_id: int) -> Callable[[str], str]:
        """Return the function from a delivery of this edition to its ticket."""
        return partial(self._of_delivery, edition_id)

    def of_edition(self, issue_id: int, edition_id: int) -> str:
        """Return the ticket that is the same for all recipients of an edition."""
        return self._signed(f"{issue_id}-{edition_id}")

    def read(self, text: str) -> Ticket | None:
        """Return what a ticket names, or None if none of our keys signed it."""
        found = _SHAPE.fullmatch(text)
        if found is None:
            return None
        macs = (_mac(key, found["content"]) for key in self._keys)
        if not any(compare_digest(mac, found["mac"]) for mac in macs):
            return None
        seq = int(found["seq"]) if found["seq"] else None
        return Ticket(int(found["issue"]), int(found["edition"]), seq)

    def _of_delivery(self, edition_id: int, delivery: str) -> str:
        return self._signed(f"{delivery}-{edition_id}")

    def _signed(self, content: str) -> str:
        return f"{content}-{_mac(self._keys[0], content)}"


def _mac(key: bytes, content: str) -> str:
    return blake2b(content.encode(), key=key, digest_size=8, person=_PERSON).hexdigest()
