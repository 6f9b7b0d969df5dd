"""SendGrid's signed event webhook: verify a request, and normalize its events.

A genuine request is signed with ECDSA (P-256, SHA-256) over its timestamp and its raw body. The
package's own helper raises five kinds of exceptions for malformed requests and checks no age.
"""

import base64
from binascii import Error as Base64Error
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import orjson

from newsletter.errors import ConfigurationError
from newsletter.esp.text import quoted_answer
from newsletter.model.event import ENGAGEMENTS, DropReason, Event, EventKind

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
PROVIDER = "sendgrid"

OLDEST = timedelta(hours=48)
"""SendGrid repeats a request for up to 24 hours, and may keep its first timestamp."""
EARLY = timedelta(minutes=10)
"""How far SendGrid's clock may be ahead."""
_LONGEST_TIMESTAMP = 12
_LONGEST_ID = 100
_LONGEST_REASON = 500
_LATEST = 253_402_300_799  # the last second of the year 9999
_NUL = rb"\u0000"
"""How JSON writes the character 0; half a surrogate pair is not JSON."""

_KINDS = {
    "processed": EventKind.PROCESSED,
    "deferred": EventKind.DEFERRED,
    "delivered": EventKind.DELIVERED,
    "bounce": EventKind.BOUNCED,
    "dropped": EventKind.DROPPED,
    "spamreport": EventKind.COMPLAINED,
    "unsubscribe": EventKind.UNSUBSCRIBED_ALL,
    "group_unsubscribe": EventKind.UNSUBSCRIBED,
    "open": EventKind.OPENED,
    "click": EventKind.CLICKED,
}
# The values of `bounce_classification`, in lower case.
_ADDRESS_CLASSES = {"", "invalid address", "unclassified"}
_MAILBOX_CLASSES = {"mailbox unavailable", "technical", "technical failure"}
_ADDRESS_STATUS = "5.1"  # RFC 3463: bad destination address
_FULL_STATUSES = ("4.2", "5.2")  # RFC 3463: mailbox disabled or full
# The other reasons that SendGrid documents concern the sender: "Invalid SMTPAPI header", "Spam
# Content", "Recipient List over Package Quota".
_DROPS = {
    "bounced address": DropReason.BOUNCED,
    "unsubscribed address": DropReason.UNSUBSCRIBED,
    "spam reporting address": DropReason.COMPLAINED,
    "invalid": DropReason.INVALID,
}


class Verifier:
    """Verifies that a request comes from SendGrid.

    `cryptography` takes 6 MB, and is imported only where a key is configured.
    """

    def __init__(self, public_key: str) -> None:
        """Load the verification key as SendGrid shows it; raise ConfigurationError if it is not a key."""
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
            load_der_public_key,
        )

        try:
            key = load_der_public_key(base64.b64decode(public_key, validate=True))
        except (ValueError, Base64Error, UnsupportedAlgorithm) as error:
            raise ConfigurationError(_INVALID_KEY) from error
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(
            key.curve, ec.SECP256R1
        ):
            raise ConfigurationError(_INVALID_KEY)
        self._key = key

    def genuine(self, body: bytes, signature: str, timestamp: str, now: datetime) -> bool:
        """Return whether SendGrid signed these raw bytes lately; never raise."""
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
        from cryptography.hazmat.primitives import hashes  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

        if not timestamp.isascii() or not timestamp.isdecimal():
            return False
        if len(timestamp) > _LONGEST_TIMESTAMP or int(timestamp) > _LATEST:
            return False
        if not -EARLY <= now - datetime.fromtimestamp(int(timestamp), UTC) <= OLDEST:
            return False
        try:
            signed = base64.b64decode(signature, validate=True)
            self._key.verify(signed, timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return True


_INVALID_KEY = (
    "SENDGRID_WEBHOOK_PUBLIC_KEY is not a verification key; copy it from SendGrid's page"
    " Settings, Mail Settings, Event Webhook: one line that begins with MFkw"
)


def key_problem(public_key: str) -> str:
    """Return why events cannot be verified with this key; empty if they can."""
    if not public_key:
        return "SENDGRID_WEBHOOK_PUBLIC_KEY is not set"
    try:
        Verifier(public_key)
    except ConfigurationError as error:
        return str(error)
    return ""


def read(body: bytes) -> Iterator[Event]:
    """Yield the events of a request or of an exported file: a JSON array, or one object per line.

    Raise ValueError if the content is not JSON. What is not an event is skipped.
    """
    storable = _NUL not in body
    for found in _objects(body):
        if not isinstance(found, dict):
            continue
        event = _event(found if storable else _without_nul(found))
        if event is not None:
            yield event


def _objects(body: bytes) -> Iterator[object]:
    body = body.strip()
    if body.startswith(b"["):
        yield from orjson.loads(body)
        return
    for line in body.splitlines():
        if line.strip():
            yield orjson.loads(line)


def _event(found: Mapping[str, Any]) -> Event | None:
    at = _moment(found.get("timestamp"))
    if at is None:
        return None
    kind = _kind(found)
    reason = _reason(found)
    engaged = kind in ENGAGEMENTS
    return Event(
        id=_identity(found),
        kind=kind,
        at=at,
        origin=_origin(found.get("category")),
        delivery=_text(found, "nl_delivery"),
        attempt=_text(found, "nl_attempt"),
        address_key=_text(found, "email").strip().lower(),
        reason=reason,
        drop=_drop(reason) if kind is EventKind.DROPPED else None,
        machine=engaged and found.get("sg_machine_open") is True,
        link=_text(found, "url") if engaged else "",
        agent=_text(found, "useragent") if engaged else "",
    )


def _identity(found: Mapping[str, Any]) -> str:
    """Return SendGrid's id, or a digest of an event that has none."""
    given = _text(found, "sg_event_id")
    if given and len(given) <= _LONGEST_ID:
        return given
    content = orjson.dumps(found, option=orjson.OPT_SORT_KEYS)
    return "digest:" + blake2b(content, digest_size=16).hexdigest()


def _kind(found: Mapping[str, Any]) -> EventKind:
    kind = _KINDS.get(_text(found, "event"), EventKind.OTHER)
    if kind is not EventKind.BOUNCED:
        return kind
    status, named = _text(found, "status"), _text(found, "bounce_classification").lower()
    if status.startswith(_FULL_STATUSES) or named in _MAILBOX_CLASSES:
        return EventKind.SOFT_BOUNCED
    if _text(found, "type") == "blocked":
        return EventKind.BLOCKED
    permanent = named in _ADDRESS_CLASSES or status.startswith(_ADDRESS_STATUS)
    return EventKind.BOUNCED if permanent else EventKind.BLOCKED


def _drop(reason: str) -> DropReason:
    """Return why SendGrid did not try; a reason that is not known blames no recipient."""
    return _DROPS.get(reason.strip().lower(), DropReason.OTHER)


def _origin(category: object) -> str:
    """Return our mark among the categories, which are a string or an array."""
    for text in category if isinstance(category, list) else (category,):
        if isinstance(text, str) and text.startswith("nl-"):
            return text
    return ""


def _reason(found: Mapping[str, Any]) -> str:
    """Return the server's words without addresses."""
    text = _text(found, "reason") or _text(found, "response")
    return text and quoted_answer(text[: 2 * _LONGEST_REASON], _LONGEST_REASON)


def _moment(timestamp: object) -> datetime | None:
    if isinstance(timestamp, bool) or not isinstance(timestamp, int | float):
        return None
    if not 0 <= timestamp <= _LATEST:  # also false for NaN
        return None
    return _second(int(timestamp))


@lru_cache(maxsize=4096)
def _second(timestamp: int) -> datetime:
    """Return the time of a timestamp: thousands of events share a second."""
    return datetime.fromtimestamp(timestamp, UTC)


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name, "")
    return value if isinstance(value, str) else ""


def _without_nul(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event without the one character that JSON knows and PostgreSQL refuses."""
    return {
        name: value.replace("\0", "") if isinstance(value, str) else value
        for name, value in found.items()
    }
