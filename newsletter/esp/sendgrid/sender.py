"""Submit through SendGrid: one request per batch, and no answer is guessed.

SendGrid has no idempotency key, so everything that is not a clear answer is UNKNOWN.
"""

import ssl
import threading
from http import HTTPStatus

from newsletter.esp.port import FaultPoint, Letter, Outcome, Shipment, Verdict, nowhere
from newsletter.esp.sendgrid.answers import judge
from newsletter.esp.sendgrid.body import BodyTemplate, FilledBody
from newsletter.esp.sendgrid.client import PooledClient, open_api
from newsletter.esp.sendgrid.limits import MOST_RECIPIENTS
from newsletter.esp.text import quoted_answer
from newsletter.esp.wire.pool import HttpAnswer, NotSentError, Patience, Pool, UnansweredError

KEPT_TEMPLATES = 8
"""How many editions stay in memory as JSON; a batch of another one builds it again."""


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
        self._api = open_api(key, host)
        self._sandbox = sandbox
        self._pool = Pool(self._api.host, patience=patience, tls=tls, at=at)
        self._api.client = PooledClient(self._api.client, self._pool)
        self._templates: dict[int, tuple[Letter, BodyTemplate]] = {}
        self._lock = threading.Lock()

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
            answer = self._api.client.mail.send.post(request_body=body.parts)
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
        with self._lock:
            known = self._templates.get(id(letter))
            if known is None or known[0] is not letter:
                while len(self._templates) >= KEPT_TEMPLATES:  # editions are sent in order
                    del self._templates[next(iter(self._templates))]
                template = BodyTemplate(letter, sandbox=self._sandbox)
                known = self._templates[id(letter)] = (letter, template)
            return known[1]

    def _outcome(self, attempt: str, body: FilledBody, answer: HttpAnswer) -> Outcome:
        accepted = HTTPStatus.OK if self._sandbox else HTTPStatus.ACCEPTED
        if answer.status == accepted:
            message_id = quoted_answer(str(answer.headers.get("X-Message-Id", "")))
            return Outcome(Verdict.ACCEPTED, message_id=message_id, refused=body.refused)
        return judge(attempt, body.recipients, body.refused, answer)
