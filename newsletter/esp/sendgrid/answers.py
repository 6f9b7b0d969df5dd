"""What SendGrid's answers mean; no I/O.

Not verified against the live service: whether a 503 may follow an accepted request, and whether the
index in a 400's `field` counts from the first personalization. Both are read so that no email is
lost or duplicated.
"""

import math
import re
import zlib
from collections.abc import Mapping, Sequence
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import orjson

from newsletter.esp.port import Outcome, Recipient, Verdict
from newsletter.esp.text import quoted_answer
from newsletter.esp.wire.pool import HttpAnswer

WAIT = 60.0
"""Seconds to wait after a 429 that does not state how long."""
LONGEST_WAIT = 3600.0
SHOWN_ERRORS = 3
_INDEX = re.compile(r"personalizations[.\[](\d+)")
# The key, the account or the address is wrong. 403 is also "too many bad requests, temporary
# block": trying on would prolong it.
_STOPPING = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
)


def judge(
    attempt: str, recipients: Sequence[Recipient], refused: Mapping[str, str], answer: HttpAnswer
) -> Outcome:
    """Return what an answer other than "accepted" means.

    Only what SendGrid documents as rejected counts as unsent or refused. Everything else, including
    every 5xx, may have been accepted.
    """
    status, reason = answer.status, f"HTTP {answer.status}{_describe(answer.body)}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Outcome(Verdict.UNSENT, reason, refused=refused, wait=_wait(attempt, answer.headers))
    if status in _STOPPING:
        return Outcome(Verdict.UNSENT, reason, refused=refused, stop=True)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        target = _host_of(str(answer.headers.get("Location", "")))
        reason = f"HTTP {status}: redirected to {target}, which is not followed"
        return Outcome(Verdict.UNKNOWN, reason, refused=refused, stop=True)
    rejected = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if rejected and status != HTTPStatus.REQUEST_TIMEOUT:
        return Outcome(Verdict.REFUSED, reason, refused={**refused, **_named(recipients, answer)})
    return Outcome(Verdict.UNKNOWN, reason, refused=refused)


def _host_of(location: str) -> str:
    """Return where a redirect leads. Its path and query may contain an address, so drop them."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return "another address"
    if not parts.hostname:
        return "another address"
    return quoted_answer(f"{parts.scheme}://{parts.hostname}", 100)


def _errors(body: bytes) -> list[dict[str, Any]]:
    """Return the errors of an answer; none if it is a gateway's HTML page."""
    try:
        errors = orjson.loads(body)["errors"]
        return [error for error in errors if isinstance(error, dict)]
    except (ValueError, KeyError, TypeError):
        return []


def _describe(body: bytes) -> str:
    messages = [str(error.get("message", "")) for error in _errors(body)][:SHOWN_ERRORS]
    text = "; ".join(filter(None, messages))
    return f": {quoted_answer(text)}" if text else ""


def _named(recipients: Sequence[Recipient], answer: HttpAnswer) -> dict[str, str]:
    """Return the recipients that a 400 names by the index of their personalization."""
    if answer.status != HTTPStatus.BAD_REQUEST:
        return {}
    refused = {}
    for error in _errors(answer.body):
        found = _INDEX.match(str(error.get("field")))
        if found and int(found[1]) < len(recipients):
            reason = f"SendGrid: {quoted_answer(str(error.get('message', '')))}"
            refused[recipients[int(found[1])].delivery] = reason
    return refused


def _wait(attempt: str, headers: Message) -> float:
    """Return how long a 429 asks us to wait.

    A jitter that depends on the attempt keeps workers from returning at the same moment.
    """
    jitter = zlib.crc32(attempt.encode()) % 1000 / 1000
    present = _moment(headers, "Date")
    candidates = (
        _number(headers, "Retry-After"),
        _moment(headers, "Retry-After") - present,
        _number(headers, "X-RateLimit-Reset") - present,
    )
    seconds = next(filter(math.isfinite, candidates), WAIT)
    return min(max(seconds, 0.0), LONGEST_WAIT) + jitter


def _number(headers: Message, name: str) -> float:
    try:
        return float(str(headers.get(name)))
    except ValueError:
        return math.nan


def _moment(headers: Message, name: str) -> float:
    """Return a date in seconds. Compare it with the answer's own Date: our clock may be wrong."""
    try:
        return parsedate_to_datetime(str(headers.get(name))).timestamp()
    except (ValueError, TypeError, OverflowError):
        return math.nan
