"""SendGrid: the vendor's package for its conventions, our own connections under it.

What the package would do by itself is never reached: no timeout, a connection per call, redirects
that carry the key, a debug log that prints it. SendGrid has no idempotency key, so whatever is not
a clear answer is UNKNOWN. Not verified against the live service: that a 503 may follow an accepted
request, and that the index in a 400's `field` counts from the first personalization; both are read
in the way that loses nothing.
"""

import logging
import math
import re
import ssl
import zlib
from collections.abc import Mapping, Sequence
from email.message import Message
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import orjson
from sendgrid import SendGridAPIClient
from sendgrid.base_interface import python_http_client
from typing_extensions import override

from newsletter.errors import ConfigurationError
from newsletter.esp.port import FaultPoint, Letter, Outcome, Recipient, Shipment, Verdict, nowhere
from newsletter.esp.sendgrid_body import Body, Prepared
from newsletter.esp.sendgrid_limits import MOST_RECIPIENTS
from newsletter.esp.wire import Answer, NotSentError, Patience, Pool, UnansweredError, near
from newsletter.esp.words import said

REGIONS = ("global", "eu")
WAIT = 60.0
"""Seconds to wait after a 429 that does not say how long."""
LONGEST_WAIT = 3600.0
_INDEX = re.compile(r"personalizations[.\[](\d+)")
_KEY = re.compile(r"[!-~]+", re.ASCII)
_STOPPING = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
)


class SendGridSender:
    """Submits a batch as one v3 Mail Send request; answers within a deadline, tries once."""

    name = "sendgrid"
    max_batch = MOST_RECIPIENTS
    repeatable = False

    def __init__(
        self,
        key: str,
        host: str = "",
        *,
        sandbox: bool = False,
        patience: Patience = Patience(),  # noqa: B008 - frozen
        tls: ssl.SSLContext | None = None,
        at: FaultPoint = nowhere,
    ) -> None:
        """Take the key and the host: empty, a region (`eu`, `global`), or an address.

        `sandbox` has everything checked and nothing sent.
        """
        if not _KEY.fullmatch(key):
            msg = (
                "SENDGRID_API_KEY in .env: empty, or with characters that no key has (blanks, line"
                " breaks, other scripts); expected the key from SendGrid"
            )
            raise ConfigurationError(msg)
        logging.getLogger("python_http_client").setLevel(logging.WARNING)  # it prints the key
        self._api = _api(key, host)
        self._sandbox = sandbox
        self._pool = Pool(self._api.host, patience=patience, tls=tls, at=at)
        self._api.client = _Client(self._api.client, self._pool)
        self._prepared: dict[int, tuple[Letter, Prepared]] = {}

    @property
    def host(self) -> str:
        """Return the address that requests go to."""
        return str(self._api.host)

    def submit(self, shipment: Shipment) -> Outcome:
        """Send one request and read its answer."""
        try:
            body = self._letter(shipment.letter).fill(shipment.attempt, shipment.recipients)
        except (ValueError, TypeError) as error:  # BodyError, and text that is no Unicode
            return Outcome(Verdict.REFUSED, str(error))
        if not body.recipients:
            return Outcome(Verdict.ACCEPTED, "nobody in it can be mailed", refused=body.refused)
        try:
            answer = self._api.client.mail.send.post(request_body=body.content)
        except NotSentError as error:
            return Outcome(Verdict.UNSENT, f"no connection: {error}", refused=body.refused)
        except UnansweredError as error:
            return Outcome(Verdict.UNKNOWN, f"no answer: {error}", refused=body.refused)
        return self._judged(shipment.attempt, body, answer)

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.close()

    def _letter(self, letter: Letter) -> Prepared:
        """Return the letter in JSON, prepared once; letters are told apart by identity."""
        known = self._prepared.get(id(letter))
        if known is not None and known[0] is letter:
            return known[1]
        prepared = Prepared(letter, sandbox=self._sandbox)
        if len(self._prepared) >= _KEPT:
            self._prepared.clear()
        self._prepared[id(letter)] = (letter, prepared)
        return prepared

    def _judged(self, attempt: str, body: Body, answer: Answer) -> Outcome:
        accepted = HTTPStatus.OK if self._sandbox else HTTPStatus.ACCEPTED
        if answer.status == accepted:
            message_id = said(str(answer.headers.get("X-Message-Id", "")))
            return Outcome(Verdict.ACCEPTED, message_id=message_id, refused=body.refused)
        return judge(attempt, body.recipients, body.refused, answer)


def judge(
    attempt: str, recipients: Sequence[Recipient], refused: Mapping[str, str], answer: Answer
) -> Outcome:
    """Return what an answer other than "accepted" means.

    Only what the vendor documents as turned away counts as unsent or refused; everything else,
    with the 5xx, may have been accepted.
    """
    status, reason = answer.status, f"HTTP {answer.status}{_said(answer.body)}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Outcome(Verdict.UNSENT, reason, refused=refused, wait=_wait(attempt, answer.headers))
    if status in _STOPPING:
        return Outcome(Verdict.UNSENT, reason, refused=refused, stop=True)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        target = _host_of(str(answer.headers.get("Location", "")))
        reason = f"HTTP {status}: redirected to {target}, which is not followed"
        return Outcome(Verdict.UNKNOWN, reason, refused=refused, stop=True)
    turned_away = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR
    if turned_away and status != HTTPStatus.REQUEST_TIMEOUT:
        return Outcome(Verdict.REFUSED, reason, refused={**refused, **_named(recipients, answer)})
    return Outcome(Verdict.UNKNOWN, reason, refused=refused)


_KEPT = 256


class _Client(python_http_client.Client):  # type: ignore[misc]
    """The package's client, which posts over our connections.

    Its own `post` takes no serialised body, and makes an opener of urllib's for every call.
    """

    def __init__(self, theirs: python_http_client.Client, pool: Pool, *path: str) -> None:
        super().__init__(theirs.host, theirs.request_headers, theirs._version, list(path))  # noqa: SLF001 - no public name
        self.pool = pool

    @override
    def _build_client(self, name: str | None = None) -> "_Client":
        return _Client(self, self.pool, *self._url_path, *([name] if name else []))

    def post(self, request_body: bytes) -> Answer:
        """Post serialised JSON to the address that was spelled out."""
        url = urlsplit(self._build_url(None))
        headers = {**self.request_headers, "Content-Type": "application/json"}
        return self.pool.post(url.path, headers, request_body)


def _api(key: str, host: str) -> SendGridAPIClient:
    if host in {"", *REGIONS}:
        api = SendGridAPIClient(key)
        if host:
            api.set_sendgrid_data_residency(host)
        return api
    if not re.match(r"https?://[^/?#\s]+$", host.rstrip("/")):
        msg = (
            f"SENDGRID_API_HOST in .env: {host!r} is no host; expected eu, global or an address"
            " such as https://api.eu.sendgrid.com"
        )
        raise ConfigurationError(msg)
    if host.startswith("http://") and not near(urlsplit(host).hostname or ""):
        msg = (
            f"SENDGRID_API_HOST in .env: {host!r} would have the key travel in clear; expected"
            " https://…"
        )
        raise ConfigurationError(msg)
    return SendGridAPIClient(key, host=host.rstrip("/"))


def _host_of(location: str) -> str:
    """Return where a redirect leads, without what it says about the request: an address, perhaps."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return "elsewhere"
    return said(f"{parts.scheme}://{parts.hostname}", 100) if parts.hostname else "elsewhere"


def _errors(body: bytes) -> list[dict[str, Any]]:
    """Return the errors of an answer; a gateway's page in HTML has none."""
    try:
        errors = orjson.loads(body)["errors"]
        return [one for one in errors if isinstance(one, dict)]
    except (ValueError, KeyError, TypeError):
        return []


def _said(body: bytes) -> str:
    messages = [str(one.get("message", "")) for one in _errors(body)][:3]
    text = "; ".join(one for one in messages if one)
    return f": {said(text)}" if text else ""


def _named(recipients: Sequence[Recipient], answer: Answer) -> dict[str, str]:
    """Return the recipients that a 400 names by their place among the personalizations."""
    if answer.status != HTTPStatus.BAD_REQUEST:
        return {}
    refused = {}
    for error in _errors(answer.body):
        found = _INDEX.match(str(error.get("field")))
        if found and int(found[1]) < len(recipients):
            reason = f"SendGrid: {said(str(error.get('message', '')))}"
            refused[recipients[int(found[1])].delivery] = reason
    return refused


def _wait(attempt: str, headers: Message) -> float:
    """Return how long a 429 asks us to wait, and a little more, different for every attempt."""
    jitter = zlib.crc32(attempt.encode()) % 1000 / 1000
    present = _moment(headers, "Date")
    asked = (
        _number(headers, "Retry-After"),
        _moment(headers, "Retry-After") - present,
        _number(headers, "X-RateLimit-Reset") - present,
    )
    seconds = next(filter(math.isfinite, asked), WAIT)
    return min(max(seconds, 0.0), LONGEST_WAIT) + jitter


def _number(headers: Message, name: str) -> float:
    try:
        return float(str(headers.get(name)))
    except ValueError:
        return math.nan


def _moment(headers: Message, name: str) -> float:
    """Return a date in seconds; it is compared with the answer's own, as our clock may be wrong."""
    try:
        return parsedate_to_datetime(str(headers.get(name))).timestamp()
    except (ValueError, TypeError, OverflowError):
        return math.nan
