"""Read an email that came back: what it is, and which of our emails it names. Nothing is trusted here.

Delivery reports (RFC 3464) and complaints (ARF, RFC 5965) are read by their fields. The many
bounces in free text are left to flufl.bounce.
"""

import email
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime
from enum import StrEnum
from hashlib import blake2b

from flufl.bounce import all_failures

from newsletter.esp.returned.causes import Cause, cause
from newsletter.esp.text import quoted_answer
from newsletter.model.event import EventKind

LARGEST = 512 * 1024
"""Bytes of an email that are read. A report comes first, and the returned email after it."""
_LARGEST_TEXT = 64 * 1024
_DEEPEST = 20
_MOST_PARTS = 60
_LONGEST_REASON = 500
_LONGEST_HEADER = 4_000
"""Characters: the standard library's time to decode a header grows with the square of its length."""
_ENVELOPE = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-RCPT-To", "To")
_MESSAGE_ID = re.compile(r"<([0-9]{1,18}-[0-9]{1,18})(?:\.[0-9a-f]{8})?@[^<>\s]{1,255}>", re.ASCII)
_TOKEN = re.compile(r"[a-z][0-9a-f]{4}\.[a-z0-9_~-]{1,300}\.[0-9.]{1,40}\.[0-9a-f]{32}", re.ASCII)
_AUTOMATIC = re.compile(
    r"^\s*(?:auto(?:matic|mated)?[ -]?(?:reply|response|antwort)|out of (?:the )?office"
    r"|abwesen|réponse automatique|respuesta automática|risposta automatica|자동 ?응답|부재중)",
    re.IGNORECASE,
)

_DAEMON = re.compile(r"mailer-daemon|postmaster|mail delivery (?:system|subsystem)", re.IGNORECASE)
_REFUSAL = re.compile(r"\b5\d\d[ -]|\b5\.\d\.\d")

# Its detectors log what they look at.
logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)


class ReturnKind(StrEnum):
    """What an email that came back is; only the first three are about one of our emails."""

    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    AUTOMATIC = "automatic reply"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Returned:
    """An email that came back.

    - `id` is the same whenever the same email is read again.
    - `event` is what a bounce or a complaint means for its delivery.
    - `to` are the addresses it was sent to, `deliveries` our Message-IDs that it names, and
      `tokens` the tokens in the headers that it returns.
    - `subject_token` is a token in its own subject: an unsubscribe by email.
    """

    id: str
    kind: ReturnKind
    at: datetime
    event: EventKind | None = None
    reason: str = ""
    to: tuple[str, ...] = ()
    deliveries: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    subject_token: str = ""


def read(raw: bytes, *, envelope_to: str = "", now: datetime) -> Returned:
    """Read the first LARGEST bytes of an email. Never raises for any bytes.

    `envelope_to` is the address that it was delivered to, where the mail server says so.
    """
    raw = raw[:LARGEST]
    identity = blake2b(raw, digest_size=16).hexdigest()
    try:
        message = email.message_from_bytes(raw)
        parts = list(_parts(message))
        return _read(message, parts, identity, envelope_to, now)
    except (MessageError, ValueError, LookupError, RecursionError, TypeError, AttributeError):
        # The standard library raises all of these for malformed emails.
        return Returned(identity, ReturnKind.OTHER, now, reason="it cannot be read")


def _read(
    message: Message, parts: list[Message], identity: str, envelope_to: str, now: datetime
) -> Returned:
    kind, event, reason = _judge(message, parts)
    original = "\n".join(_original(parts))
    subject = _header(message, "Subject")
    found = _TOKEN.search(subject.lower())
    return Returned(
        id=identity,
        kind=kind,
        at=_date(message, now),
        event=event,
        reason=quoted_answer(reason[: 2 * _LONGEST_REASON], _LONGEST_REASON),
        to=tuple(filter(None, [envelope_to, *_all(message, _ENVELOPE)])),
        deliveries=tuple(dict.fromkeys(_MESSAGE_ID.findall(original))),
        tokens=tuple(dict.fromkeys(_TOKEN.findall(original.lower()))),
        subject_token=found[0] if found else "",
    )


def _judge(message: Message, parts: list[Message]) -> tuple[ReturnKind, EventKind | None, str]:
    """Return what an email is, what it means for the delivery, and the server's words."""
    for part in parts:
        judge = _REPORTS.get(part.get_content_type())
        if judge is not None:
            return judge(part)
    found = _TOKEN.search(_header(message, "Subject").lower())
    if found:
        return ReturnKind.UNSUBSCRIBE, None, ""
    if _is_automatic(message):
        return ReturnKind.AUTOMATIC, None, ""
    return _free_text(message, parts)


def _report(part: Message) -> tuple[ReturnKind, EventKind | None, str]:
    """Read a delivery report: one block of fields per recipient, after one for the message."""
    for block in _blocks(part):
        action = _header(block, "Action").lower()
        status, words = _header(block, "Status"), _diagnostic(block)
        if action == "failed":
            return ReturnKind.BOUNCE, _EVENTS[cause(status, words)], words or status
        if action in _ACTIONS:
            return ReturnKind.BOUNCE, _ACTIONS[action], words or status
    return ReturnKind.OTHER, None, ""


_ACTIONS = {
    "delayed": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "relayed": EventKind.DELIVERED,
    "expanded": EventKind.DELIVERED,
}


def _complaint(part: Message) -> tuple[ReturnKind, EventKind | None, str]:
    blocks = _blocks(part)
    named = _header(blocks[0], "Feedback-Type").lower() if blocks else ""
    # Reports of failed authentication (RFC 6591, DMARC) have the same form, and no reader behind them.
    if named in {"", "not-spam", "virus", "auth-failure"}:
        return ReturnKind.OTHER, None, named
    opted_out = named.startswith("opt-out")
    event = EventKind.UNSUBSCRIBED if opted_out else EventKind.COMPLAINED
    return ReturnKind.COMPLAINT, event, named


_REPORTS = {
    "message/delivery-status": _report,
    "message/global-delivery-status": _report,
    "message/feedback-report": _complaint,
}


def _free_text(message: Message, parts: list[Message]) -> tuple[ReturnKind, EventKind | None, str]:
    """Read a bounce that is not a delivery report."""
    words = _text(parts)
    temporary, permanent = _failures(message)
    if permanent:
        found = cause("", words)
        event = EventKind.BOUNCED if found is Cause.TEMPORARY else _EVENTS[found]
        return ReturnKind.BOUNCE, event, _first_lines(words)
    if temporary:
        return ReturnKind.BOUNCE, EventKind.DEFERRED, _first_lines(words)
    if _DAEMON.search(_header(message, "From")) and (refusal := _REFUSAL.search(words)):
        words = words[refusal.start() :]
        return ReturnKind.BOUNCE, _EVENTS[cause("", words)], _first_lines(words)
    return ReturnKind.OTHER, None, ""


_EVENTS = {
    Cause.ADDRESS: EventKind.BOUNCED,
    Cause.MAILBOX: EventKind.SOFT_BOUNCED,
    Cause.POLICY: EventKind.BLOCKED,
    Cause.TEMPORARY: EventKind.SOFT_BOUNCED,
}


def _failures(message: Message) -> tuple[frozenset[bytes], frozenset[bytes]]:
    try:
        return all_failures(message)
    except Exception:  # noqa: BLE001 - seventeen detectors over outside text, each with its own errors
        return frozenset(), frozenset()


def _is_automatic(message: Message) -> bool:
    """Return whether a program of the recipient answered (RFC 3834)."""
    submitted = _header(message, "Auto-Submitted").lower()
    marked = any(message.get(name) for name in ("X-Autoreply", "X-Autorespond", "X-Auto-Response"))
    replied = submitted.startswith("auto-replied") or marked
    return replied or bool(_AUTOMATIC.match(_header(message, "Subject")))


def _parts(message: Message, depth: int = 0) -> Iterator[Message]:
    """Yield an email and its parts, those of attached emails too, up to a depth."""
    yield message
    inner = message.get_payload()
    if isinstance(inner, list) and depth < _DEEPEST:
        for part in inner[:_MOST_PARTS]:
            if isinstance(part, Message):
                yield from _parts(part, depth + 1)


def _original(parts: list[Message]) -> Iterator[str]:
    """Yield the headers of the email that came back, which may be quoted as text."""
    for part in parts[1:]:
        for name in ("Message-ID", "List-Unsubscribe"):
            if value := _header(part, name):
                yield value
        if part.get_content_type() in {"text/rfc822-headers", "text/plain"}:
            yield _content(part)


def _blocks(part: Message) -> list[Message]:
    inner = part.get_payload()
    if isinstance(inner, list):
        return [block for block in inner[:_MOST_PARTS] if isinstance(block, Message)]
    texts = re.split(r"\r?\n\r?\n", _content(part))
    return [email.message_from_string(text.strip()) for text in texts[:_MOST_PARTS] if text.strip()]


def _diagnostic(block: Message) -> str:
    """Return the words of the remote server, without the type before them."""
    words = _header(block, "Diagnostic-Code")
    return words.partition(";")[2].strip() or words


def _text(parts: list[Message]) -> str:
    texts = (_content(part) for part in parts if part.get_content_type() == "text/plain")
    return "\n".join(texts)[:_LARGEST_TEXT]


def _content(part: Message) -> str:
    raw = part.get_payload(decode=True)
    return raw[:_LARGEST_TEXT].decode("utf-8", "replace") if isinstance(raw, bytes) else ""


def _first_lines(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[:6])


def _header(message: Message, name: str) -> str:
    """Return the first value of a header, decoded; servers write UTF-8 without saying so."""
    raw = next((text for key, text in message.raw_items() if key.lower() == name.lower()), "")
    start = str(raw)[:_LONGEST_HEADER]
    text = start.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if "=?" in text:
        text = str(make_header(decode_header(text)))
    return text.replace("\0", "").encode("utf-8", "ignore").decode()


def _all(message: Message, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        for value in message.get_all(name, []):
            yield str(value)[:2000]


def _date(message: Message, now: datetime) -> datetime:
    """Return when the email was written, unless that is in the future or cannot be read."""
    try:
        written = parsedate_to_datetime(_header(message, "Date"))
        if written.tzinfo is None:
            written = written.replace(tzinfo=UTC)
        return min(written.astimezone(UTC), now)
    except (ValueError, TypeError, OverflowError):
        return now
