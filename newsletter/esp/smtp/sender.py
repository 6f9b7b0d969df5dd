"""Submit over SMTP: one message per recipient, one answer for each, over connections that stay."""

import smtplib
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from newsletter.errors import ConfigurationError
from newsletter.esp.message.checks import LetterError, require
from newsletter.esp.message.mime import MessageTemplate
from newsletter.esp.port import FaultPoint, Letter, Outcome, Shipment, Verdict, nowhere
from newsletter.esp.smtp.connection import NoTlsError
from newsletter.esp.smtp.conversations import Conversations
from newsletter.esp.smtp.exchange import BatchStopped, ConnectionEnded, Exchange
from newsletter.esp.smtp.pool import SmtpPool
from newsletter.esp.smtp.progress import FINE, LATER, TEMPORARY, shown_reply
from newsletter.esp.smtp.server import SmtpServer
from newsletter.esp.text import describe_error
from newsletter.esp.wire.deadline import CallDeadline, Ticks
from newsletter.model.once import Once
from newsletter.model.publication import SmtpUse

KEPT_TEMPLATES = 8
"""Editions are submitted one after the other; each template takes a few times its text."""

_CERTIFICATE = (
    "; if the server is yours, name the file of its certificate in SMTP_URL with ?ca=FILE, or send"
    " without encryption with ?tls=off"
)


@dataclass(frozen=True, slots=True)
class SmtpTimeouts:
    """Seconds for one answer, for starting messages (`batch`), and for a whole call (`total`).

    `total` includes connecting and login. It must end well before the lease does.
    """

    answer: float = 20.0
    batch: float = 45.0
    total: float = 80.0


class SmtpSender:
    """Submits messages one at a time; connections stay open for the next batch."""

    name = "smtp"
    max_batch = 100
    repeatable = False

    def __init__(
        self,
        url: str,
        *,
        use: SmtpUse | None = None,
        processes: int = 1,
        timeouts: SmtpTimeouts = SmtpTimeouts(),
        ticks: Ticks = time.monotonic,
        at: FaultPoint = nowhere,
    ) -> None:
        """Take the URL of the server, or those of several. Nothing is connected before a batch.

        `use` holds where a URL has no limit of its own. `processes` share the connections.
        """
        servers, use = SmtpServer.parse_all(url), use or SmtpUse()
        self._pools = {
            server.name: SmtpPool(
                server,
                answer=timeouts.answer,
                most=server.per_connection or use.per_connection or None,
                # The only server gets as many calls as there are threads.
                slots=share(server.connections or use.connections, processes)
                if len(servers) > 1
                else None,
            )
            for server in servers
        }
        self._timeouts = timeouts
        self._ticks = ticks
        self._at = at
        self._conversations = Conversations()
        self._templates: dict[int, MessageTemplate] = {}
        self._signer = Once(lambda: _signer(use))
        self._lock = threading.Lock()

    def submit(self, shipment: Shipment) -> Outcome:
        """Submit each message; stop at the first with an unknown outcome.

        What a server provably did not take is submitted through the next one.
        """
        deadline = CallDeadline(self._timeouts.total, self._ticks)
        try:
            template = self._template(shipment.letter)
        except (LetterError, ConfigurationError) as error:
            return Outcome(Verdict.UNSENT, str(error), stop=True)
        exchange = Exchange(template, shipment, self._timeouts.batch, self._at)
        failed = Outcome(Verdict.UNSENT)
        for name in shipment.servers or tuple(self._pools):
            pool = self._pools[name]
            exchange.served_by(name, "")
            try:
                with pool.slot(deadline):
                    return self._through(pool, exchange, deadline)
            except BatchStopped as stopped:
                failed = stopped.outcome
                exchange.served_by(name, failed.reason)
        return exchange.stop(failed)

    def _through(self, pool: SmtpPool, exchange: Exchange, deadline: CallDeadline) -> Outcome:
        """Submit what is left through one server; raise BatchStopped if it does not go on."""
        while True:
            try:
                connection = pool.take(deadline)
            except (OSError, smtplib.SMTPException) as error:
                raise BatchStopped(_not_connected(error), by_server=True) from error
            try:
                outcome = self._conversations.run(exchange.over(connection))
            except ConnectionEnded as ended:
                pool.ended(connection, by_server=ended.by_server)
                continue
            except BatchStopped:
                pool.give(connection)
                raise
            except BaseException:
                connection.close()
                raise
            pool.give(connection)
            return outcome

    def probe(self) -> str:
        """Connect and log in everywhere; return what went wrong, or an empty string."""
        found = {name: self._probed(pool) for name, pool in self._pools.items()}
        if len(found) == 1:
            return next(iter(found.values()))
        return "; ".join(f"{name}: {problem}" for name, problem in found.items() if problem)

    def _probed(self, pool: SmtpPool) -> str:
        try:
            connection = pool.take(CallDeadline(self._timeouts.total, self._ticks))
        except (OSError, smtplib.SMTPException) as error:
            return _not_connected(error).reason
        try:
            code, text = connection.noop()
        except (OSError, smtplib.SMTPException) as error:
            return f"the connection broke: {describe_error(error)}"
        finally:
            connection.leave()
        return "" if code in FINE else f"it answered {shown_reply(code, text)}"

    def close(self) -> None:
        """Close the idle connections."""
        for pool in self._pools.values():
            pool.close()

    def _template(self, letter: Letter) -> MessageTemplate:
        """Return the template of a letter, built once.

        Raise LetterError, and ConfigurationError if messages cannot be signed as configured.
        """
        with self._lock:
            known = self._templates.get(id(letter))
            if known is None or known.letter is not letter:
                require(letter)
                while len(self._templates) >= KEPT_TEMPLATES:
                    del self._templates[next(iter(self._templates))]
                known = self._templates[id(letter)] = MessageTemplate(letter, self._signer())
            return known


def _signer(use: SmtpUse) -> Callable[[bytes], bytes] | None:
    """Return what signs messages; dkimpy is imported only where it is used."""
    if use.dkim is None:
        return None
    from newsletter.esp.smtp.signing import open_signer  # noqa: PLC0415

    return open_signer(use.dkim)


def share(connections: int, processes: int) -> int:
    """Return how many of the allowed connections one of several processes may use."""
    return max(1, connections // processes)


def _not_connected(error: Exception) -> Outcome:
    """Return the outcome if the server could not be reached or refused the login."""
    if isinstance(error, NoTlsError):
        return Outcome(Verdict.UNSENT, str(error), stop=True)
    if not isinstance(error, smtplib.SMTPResponseException):
        hint = _CERTIFICATE if isinstance(error, ssl.SSLCertVerificationError) else ""
        return Outcome(Verdict.UNSENT, f"no connection: {describe_error(error)}{hint}")
    temporary = error.smtp_code in TEMPORARY
    reply, wait = shown_reply(error.smtp_code, error.smtp_error), LATER if temporary else None
    if isinstance(error, smtplib.SMTPAuthenticationError):
        reason = f"the server refused the login: {reply}"
        return Outcome(Verdict.UNSENT, reason, wait=wait, stop=not temporary)
    return Outcome(Verdict.UNSENT, f"no connection: the server said {reply}", wait=wait)
