"""The JSON of SendGrid's v3 Mail Send: built once per letter, filled per recipient.

A body that exceeds a limit is never sent: one bad recipient makes SendGrid refuse all thousand.
"""

import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import orjson

from newsletter.esp.message.checks import ascii_address
from newsletter.esp.port import Letter, Recipient, Recipients
from newsletter.esp.sendgrid.limits import MOST_BYTES, BodyError, Weight, check, refusals
from newsletter.esp.text import one_line
from newsletter.model.personalization import LONGEST_NAME, NAMES, called, fill, placeholder
from newsletter.model.publication import Mailbox

_SEPARATORS = re.compile(r"[;,\x00-\x1f\x7f-\x9f]+")
# Private-use characters mark the holes: JSON leaves them unescaped, and no article contains them.
_MARK = re.compile('"\ue001\\w+\ue001"|\ue000\\w+\ue000')
_ATTEMPT = "\ue002"
PART = 200
"""Recipients in a part of a body. The allocator keeps blocks of this size for the next body. Larger
ones go back to the system, and to get them again takes longer than to fill them."""
_VALUES = ("email", "called", "greeting", "greeting_html", "token", "delivery")


@dataclass(frozen=True, slots=True)
class FilledBody:
    """A filled body in parts, and the deliveries that could not be included, with the reason."""

    parts: tuple[bytes, ...]
    recipients: Recipients
    refused: dict[str, str]

    @property
    def content(self) -> bytes:
        """Return the body in one piece."""
        return b"".join(self.parts)


class BodyTemplate:
    """A letter as JSON with holes for one recipient's values."""

    def __init__(self, letter: Letter, *, sandbox: bool = False) -> None:
        """Serialize what all recipients share; raise BodyError if it exceeds a limit."""
        check(letter)
        shared = orjson.dumps(_shared(letter, sandbox=sandbox)).removesuffix(b"}")
        self._head = shared + b',"personalizations":['
        self._constants, self._pick = _holes(_person(letter))
        self._weight = _weight(_substitutions(letter))

    def fill(self, attempt: str, recipients: Iterable[Recipient]) -> FilledBody:
        """Return the body for these recipients, in their order.

        This is the innermost loop of the API path. It works on columns, because a Python-level loop
        over recipients is slower.
        """
        given = Recipients.of(recipients)
        if refused := refusals(given, self._weight):
            given = Recipients.of(who for who in given if who.delivery not in refused)
        if not given:
            return FilledBody((), given, refused)
        parts = [self._head]
        for begin in range(0, len(given), PART):
            after = "," if begin + PART < len(given) else "]}"
            parts.append(self._people(attempt, given[begin : begin + PART], after))
        size = sum(map(len, parts))
        if size >= MOST_BYTES:
            msg = f"the body has {size:,} bytes; SendGrid takes less than {MOST_BYTES:,}"
            raise BodyError(msg)
        return FilledBody(tuple(parts), given, refused)

    def _people(self, attempt: str, given: Recipients, after: str) -> bytes:
        """Return recipients as JSON: constants, each recipient's values between them; then `after`."""
        values = (
            _quoted(given.addresses),
            *_called(given.names),
            given.tokens,
            given.deliveries,
        )
        first, *constants = (text.replace(_ATTEMPT, attempt) for text in self._constants)
        *between, last = constants
        after_holes = (*between, f"{last},{first}")
        person = [piece for constant in after_holes for piece in ("", constant)]  # "" is a hole
        pieces = person * len(given)
        # One slice assignment per hole fills the value of every recipient at once.
        for hole, column in enumerate(self._pick(values)):
            pieces[2 * hole :: len(person)] = column
        pieces[-1] = last + after
        return "".join([first, *pieces]).encode()


def _quoted(addresses: Sequence[str]) -> list[str]:
    """Return addresses as JSON strings."""
    together = "".join(addresses)
    if '"' in together or "\\" in together:
        return [orjson.dumps(address).decode() for address in addresses]
    return [f'"{address}"' for address in addresses]


def _called(names: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Return for each name: the `name` of the To line, and the greeting as plain text and as HTML.

    The first is a member of a JSON object, or empty. The others are JSON strings. Names that consist
    of letters and single spaces need only quotation marks.
    """
    if _ordinary(names) and max(map(len, names)) <= LONGEST_NAME:
        members = [f',"name":"{name}"' if name else "" for name in names]
        greetings = [f'", {name}"' if name else '""' for name in names]
        return members, greetings, greetings
    plain = [_SEPARATORS.sub(" ", name).strip() for name in names]
    greetings = list(map(called, names))
    return (
        [f',"name":{orjson.dumps(name).decode()}' if name else "" for name in plain],
        [orjson.dumps(greeting).decode() for greeting in greetings],
        [orjson.dumps(html.escape(greeting)).decode() for greeting in greetings],
    )


def _ordinary(names: Sequence[str]) -> bool:
    """Return whether all names are empty or made of letters, digits and single spaces."""
    lines = "\n".join(["", *names, ""])
    letters = lines.replace("\n", "").replace(" ", "")
    return (
        (letters.isalnum() or not letters)
        and lines.count("\n") == len(names) + 1
        and not any(gap in lines for gap in ("  ", "\n ", " \n"))
    )


def _weight(marked: dict[str, str]) -> Weight:
    """Weigh substitutions that have marks in place of values."""
    text = orjson.dumps(marked).decode()
    tags = sum(len(constant.encode()) for constant in _MARK.split(text))
    return Weight(tags, Counter(mark.strip('"\ue000\ue001') for mark in _MARK.findall(text)))


def _shared(letter: Letter, *, sandbox: bool) -> dict[str, Any]:
    body: dict[str, Any] = {
        "from": _mailbox(letter.sender),
        "subject": letter.subject,
        "content": [
            {"type": "text/plain", "value": letter.text},
            {"type": "text/html", "value": letter.html},
        ],
        "tracking_settings": {
            "click_tracking": {"enable": letter.clicks, "enable_text": False},
            "open_tracking": {"enable": letter.opens},
            "subscription_tracking": {"enable": False},
        },
    }
    if letter.reply_to:
        body["reply_to"] = _mailbox(letter.reply_to)
    if constant := {name: value for name, value in letter.headers if not _varies(letter, name)}:
        body["headers"] = constant
    if letter.categories:
        body["categories"] = list(letter.categories)
    if sandbox:
        body["mail_settings"] = {"sandbox_mode": {"enable": True}}
    return body


def _person(letter: Letter) -> dict[str, Any]:
    """Return one personalization with marks in place of a recipient's values."""
    filled = {placeholder(letter.nonce, name, plain=True): _inside(name) for name in NAMES}
    person: dict[str, Any] = {
        "to": [{"email": _whole("email")}],
        "custom_args": {"nl_delivery": _inside("delivery"), "nl_attempt": _ATTEMPT},
    }
    varying = {name: fill(value, filled) for name, value in letter.headers if _varies(letter, name)}
    if varying:
        person["headers"] = varying
    if substitutions := _substitutions(letter):
        person["substitutions"] = substitutions
    return person


def _substitutions(letter: Letter) -> dict[str, str]:
    """Return the placeholders that the letter uses, with the mark of each value."""
    values = {
        "token": (_inside("token"), _inside("token")),
        "delivery": (_inside("delivery"), _inside("delivery")),
        "name": (_whole("greeting_html"), _whole("greeting")),
    }
    texts = _texts(letter)
    tags = {
        placeholder(letter.nonce, name, plain=plain): values[name][plain]
        for name in NAMES
        for plain in (False, True)
    }
    return {tag: mark for tag, mark in tags.items() if tag in texts}


def _varies(letter: Letter, name: str) -> bool:
    """Return whether a header differs per recipient. The List-Unsubscribe pair always does."""
    if name.lower().startswith("list-unsubscribe"):
        return True
    return any(f"-nl{letter.nonce}-" in value for key, value in letter.headers if key == name)


def _texts(letter: Letter) -> str:
    return f"{letter.subject}\n{letter.text}\n{letter.html}"


def _inside(name: str) -> str:
    """Mark a hole within a string, for values that need no escaping: ids and tokens."""
    return f"\ue000{name}\ue000"


def _whole(name: str) -> str:
    """Mark a hole that is a whole string, for values that are serialized with their quotes."""
    return f"\ue001{name}\ue001"


def _holes(person: dict[str, Any]) -> tuple[list[str], Callable[..., Any]]:
    """Return the JSON around the holes, and a function that picks their values in order.

    The name follows the address as a separate member, or is left out: SendGrid refuses "".
    """
    address = f'"{_whole("email")}"'
    text = orjson.dumps(person).decode().replace(address, address + _inside("called"))
    constants, names = _MARK.split(text), _MARK.findall(text)
    picked = (_VALUES.index(name.strip('"\ue000\ue001')) for name in names)
    return constants, itemgetter(*picked)


def _mailbox(mailbox: Mailbox) -> dict[str, str]:
    name = one_line(mailbox.name)
    address = ascii_address(mailbox.address)
    return {"email": address, "name": name} if name else {"email": address}
