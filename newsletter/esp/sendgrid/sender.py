"""Submit through SendGrid: the vendor's package for its conventions, our own connections under it.

The package's own transport is never used. It has no timeout, opens a connection per call, follows
redirects with the key, and logs the key at debug level. SendGrid has no idempotency key, so
everything that is not a clear answer is UNKNOWN.
"""

import logging
import re
import ssl
from http import HTTPStatus
from urllib.parse import urlsplit

from sendgrid import SendGridAPIClient
from sendgrid.base_interface import python_http_client
from typing_extensions import override

from newsletter.errors import ConfigurationError
from newsletter.esp.port import FaultPoint, Letter, Outcome, Shipment, Verdict, nowhere
from newsletter.esp.sendgrid.answers import judge
from newsletter.esp.sendgrid.body import BodyTemplate, FilledBody
from newsletter.esp.sendgrid.limits import MOST_RECIPIENTS
from newsletter.esp.text import quoted_answer
from newsletter.esp.wire.loopback import is_loopback
from newsletter.esp.wire.pool import HttpAnswer, NotSentError, Patience, Pool, UnansweredError

REGIONS = ("global", "eu")
KEPT_TEMPLATES = 256
_KEY = re.compile(r"[!-~]+", re.ASCII)


class SendGridSender:
    """Submits a batch as one v3 Mail Send request, once, within a deadline."""

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

        With `sandbox`, SendGrid checks everything and sends nothing.
        """
        if not _KEY.fullmatch(key):
            msg = (
                "SENDGRID_API_KEY in .env is empty or contains invalid characters (spaces, line"
                " breaks, non-ASCII letters); copy the key from SendGrid again"
            )
            raise ConfigurationError(msg)
        # At DEBUG, this logger prints the key and every address.
        logging.getLogger("python_http_client").setLevel(logging.WARNING)
        self._api = _api(key, host)
        self._sandbox = sandbox
        self._pool = Pool(self._api.host, patience=patience, tls=tls, at=at)
        self._api.client = _PooledClient(self._api.client, self._pool)
        self._templates: dict[int, tuple[Letter, BodyTemplate]] = {}

    @property
    def host(self) -> str:
        """Return the address that requests go to."""
        return str(self._api.host)

    def submit(self, shipment: Shipment) -> Outcome:
        """Send one request and judge its answer."""
        try:
            body = self._template(shipment.letter).fill(shipment.attempt, shipment.recipients)
        except (ValueError, TypeError) as error:  # BodyError, and text that is not valid Unicode
            return Outcome(Verdict.REFUSED, str(error))
        if not body.recipients:
            reason = "no recipient of this batch can be emailed"
            return Outcome(Verdict.ACCEPTED, reason, refused=body.refused)
        try:
            answer = self._api.client.mail.send.post(request_body=body.content)
        except NotSentError as error:
            return Outcome(Verdict.UNSENT, f"no connection: {error}", refused=body.refused)
        except UnansweredError as error:
            return Outcome(Verdict.UNKNOWN, f"no answer: {error}", refused=body.refused)
        return self._outcome(shipment.attempt, body, answer)

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.close()

    def _template(self, letter: Letter) -> BodyTemplate:
        """Return the letter as JSON, built once per letter.

        Letters are compared by identity: comparing or hashing 40 KB per batch costs more.
        """
        known = self._templates.get(id(letter))
        if known is not None and known[0] is letter:
            return known[1]
        template = BodyTemplate(letter, sandbox=self._sandbox)
        if len(self._templates) >= KEPT_TEMPLATES:
            self._templates.clear()
        self._templates[id(letter)] = (letter, template)
        return template

    def _outcome(self, attempt: str, body: FilledBody, answer: HttpAnswer) -> Outcome:
        accepted = HTTPStatus.OK if self._sandbox else HTTPStatus.ACCEPTED
        if answer.status == accepted:
            message_id = quoted_answer(str(answer.headers.get("X-Message-Id", "")))
            return Outcome(Verdict.ACCEPTED, message_id=message_id, refused=body.refused)
        return judge(attempt, body.recipients, body.refused, answer)


class _PooledClient(python_http_client.Client):  # type: ignore[misc]
    """The package's client, posting over our connections.

    Its own `post` serializes the body again and builds a urllib opener for every call.
    """

    def __init__(self, vendor: python_http_client.Client, pool: Pool, *path: str) -> None:
        super().__init__(vendor.host, vendor.request_headers, vendor._version, list(path))  # noqa: SLF001 - no public name
        self.pool = pool

    @override
    def _build_client(self, name: str | None = None) -> "_PooledClient":
        return _PooledClient(self, self.pool, *self._url_path, *([name] if name else []))

    def post(self, request_body: bytes) -> HttpAnswer:
        """Post serialized JSON to the path that the attribute accesses spelled out."""
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
            f"SENDGRID_API_HOST in .env: {host!r} is not a host; expected eu, global or an address"
            " such as https://api.eu.sendgrid.com"
        )
        raise ConfigurationError(msg)
    if host.startswith("http://") and not is_loopback(urlsplit(host).hostname or ""):
        msg = (
            f"SENDGRID_API_HOST in .env: {host!r} would transmit the key unencrypted; use https://…"
        )
        raise ConfigurationError(msg)
    return SendGridAPIClient(key, host=host.rstrip("/"))
