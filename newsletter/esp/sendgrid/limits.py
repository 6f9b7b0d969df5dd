"""What SendGrid's v3 Mail Send accepts.

The limits come from the vendor's documentation. Its OpenAPI description lacks most of them.
"""

import html
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import orjson

from newsletter.esp.message import checks
from newsletter.esp.port import Letter, Recipients
from newsletter.model.personalization import LONGEST_NAME, called

MOST_RECIPIENTS = 1000
MOST_BYTES = 30_000_000
MOST_VALUES = 10_000
"""Bytes of substitutions, and of custom_args, per personalization."""
MOST_CATEGORIES = 10
LONGEST_CATEGORY = 255
LONGEST_ADDRESS = 320
RESERVED = frozenset({"x-sg-id", "x-sg-eid", "received", "dkim-signature", "cc", "bcc"})
"""Headers that SendGrid reserves, in addition to PROVIDER_HEADERS."""
_ADDRESS = re.compile(r"[!-?A-~]++@[!-?A-~]++", re.ASCII)
_PART = bytes(code for code in range(0x21, 0x7F) if code != ord("@"))
"""The characters allowed before and after the @ of an address."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_BYTES = 4
"""The most bytes that a character has in UTF-8."""
_GREETING = (LONGEST_NAME + 2) * len("&quot;") + 2


class BodyError(ValueError):
    """The letter exceeds a documented limit; nothing of it may be sent."""


class Weight(NamedTuple):
    """The size of a recipient's substitutions: the bytes of tags, and how often each hole occurs."""

    tags: int
    holes: Counter[str]

    def exact(self, delivery: str, name: str, token: str) -> int:
        """Return the size of one recipient's substitutions in bytes, as transmitted."""
        greeting = called(name)
        values = {
            "delivery": delivery.encode(),
            "token": token.encode(),
            "greeting": orjson.dumps(greeting),
            "greeting_html": orjson.dumps(html.escape(greeting)),
        }
        return self.tags + sum(times * len(values[hole]) for hole, times in self.holes.items())

    def most(self, given: Recipients) -> int:
        """Return an upper bound for any recipient's size, without weighing each."""
        values = max(map(len, given.tokens)) + max(map(len, given.deliveries))
        return self.tags + self.holes.total() * (values * _BYTES + _GREETING)


def refusals(given: Recipients, weight: Weight) -> dict[str, str]:
    """Return who cannot be included, by delivery, with the reason (without the address)."""
    number = len(given)
    if number > MOST_RECIPIENTS:
        msg = f"{number} recipients in one call; SendGrid accepts {MOST_RECIPIENTS}"
        raise BodyError(msg)
    folded = list(map(str.lower, given.addresses))
    if not number or (
        _all_addresses(folded)
        and len(set(folded)) == number
        and max(map(len, folded)) <= LONGEST_ADDRESS
        and weight.most(given) <= MOST_VALUES
    ):
        return {}
    return dict(_refused(given, folded, weight))


def _all_addresses(texts: Sequence[str]) -> bool:
    """Return whether `_ADDRESS` matches each text; one pass over all is much faster."""
    lines = "\n".join(["", *texts, ""])
    return (
        lines.isascii()
        and lines.encode().translate(None, _PART) == b"\n" + b"@\n" * len(texts)
        and "\n@" not in lines
        and "@\n" not in lines
    )


def _refused(given: Recipients, folded: Sequence[str], weight: Weight) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for address, (delivery, _address, name, token) in zip(folded, given, strict=True):
        if not _ADDRESS.fullmatch(address) or len(address) > LONGEST_ADDRESS:
            yield delivery, "SendGrid does not accept this address (ASCII, at most 320 characters)"
        elif address in seen:
            yield delivery, "the same address twice in one batch"
        elif weight.exact(delivery, name, token) > MOST_VALUES:
            yield delivery, f"the substitutions exceed {MOST_VALUES:,} bytes"
        seen.add(address)


def check(letter: Letter) -> None:
    """Raise BodyError unless SendGrid can accept what all recipients share."""
    reserved = (name for name, _value in letter.headers if name.lower() in RESERVED)
    problems = [
        *checks.problems(letter),
        *(f"the header {name} is reserved" for name in reserved),
        "" if letter.subject.strip() else "the subject is empty",
        "the subject must be one line" if _CONTROL.search(letter.subject) else "",
        "" if letter.text.strip() and letter.html.strip() else "a part of the email is empty",
        _category_problem(letter.categories),
    ]
    if found := list(filter(None, problems)):
        raise BodyError("; ".join(found))


def _category_problem(categories: Sequence[str]) -> str:
    if len(categories) > MOST_CATEGORIES or len(set(categories)) < len(categories):
        return f"categories must be unique and at most {MOST_CATEGORIES}"
    if any(not name.isascii() or not 0 < len(name) <= LONGEST_CATEGORY for name in categories):
        return f"a category must be ASCII of at most {LONGEST_CATEGORY} characters"
    return ""
