"""Submit over SMTP: one message per recipient over one connection, one answer for each."""

import contextlib
import smtplib
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from newsletter.esp.message.checks import AddressError, LetterError, ascii_address, require
from newsletter.esp.message.mime import message
from newsletter.esp.port import FaultPoint, Letter, Outcome, Recipient, Shipment, Verdict, nowhere
from newsletter.esp.smtp.connection import Reply, SmtpConnection, SmtpServer
from newsletter.esp.smtp.progress import (
    FINE,
    LATER,
    PERMANENT,
    TEMPORARY,
    BatchProgress,
    shown_reply,
)
from newsletter.esp.text import describe_error
from newsletter.esp.wire.deadline import CallDeadline, Ticks

CLOSING = 421
"""The server is about to close the connection: the answer is not about the recipient."""
GO_ON = 354


@dataclass(frozen=True, slots=True)
class SmtpTimeouts:
    """Seconds for one answer, for starting messages (`batch`), and for a whole call (`total`).

    `total` includes connecting and login. It must end well before the lease does.
    """

    answer: float = 20.0
    batch: float = 45.0
    total: float = 80.0


class _Envelope(NamedTuple):
    """One message with its sender and recipient."""

    delivery: str
    sender: str
    to: str
    content: bytes


class SmtpSender:
    """Submits one message after another; a connection is used for one batch."""

    name = "smtp"
    max_batch = 50
    repeatable = False

    def __init__(
        self,
        url: str,
        *,
        timeouts: SmtpTimeouts = SmtpTimeouts(),
        tls: ssl.SSLContext | None = None,
        ticks: Ticks = time.monotonic,
        at: FaultPoint = nowhere,
    ) -> None:
        """Take the server's URL. Nothing is connected before the first batch."""
        self._server = SmtpServer.parse(url)
        self._timeouts = timeouts
        self._tls = tls or ssl.create_default_context()
        self._ticks = ticks
        self._at = at

    def submit(self, shipment: Shipment) -> Outcome:
        """Submit each message; stop at the first with an unknown outcome."""
        try:
            require(shipment.letter)
            client = self._connected()
        except LetterError as error:
            return Outcome(Verdict.UNSENT, str(error), stop=True)
        except (OSError, smtplib.SMTPException) as error:
            return _not_connected(error)
        try:
            return self._each(client, shipment)
        finally:
            client.leave()

    def probe(self) -> str:
        """Connect, log in and quit; return what went wrong, or an empty string."""
        try:
            client = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            return _not_connected(error).reason
        try:
            code, text = client.noop()
        except (OSError, smtplib.SMTPException) as error:
            return f"the connection broke: {describe_error(error)}"
        finally:
            client.leave()
        return "" if code in FINE else f"it answered {shown_reply(code, text)}"

    def _connected(self) -> SmtpConnection:
        deadline = CallDeadline(self._timeouts.total, self._ticks)
        return SmtpConnection(self._server, deadline, answer=self._timeouts.answer, tls=self._tls)

    def _each(self, client: SmtpConnection, shipment: Shipment) -> Outcome:
        done = BatchProgress(shipment.last)
        for place, recipient in enumerate(shipment.recipients):
            stopped = self._submit_one(client, shipment.letter, recipient, done)
            if stopped is None:
                continue
            if stopped.verdict is Verdict.UNKNOWN:
                return done.stop(_doubt_except(stopped, shipment.recipients[place + 1 :]))
            return done.stop(stopped)
        return done.end()

    def _submit_one(
        self, client: SmtpConnection, letter: Letter, recipient: Recipient, done: BatchProgress
    ) -> Outcome | None:
        """Submit one message; return an outcome only if the batch cannot continue."""
        if client.deadline.elapsed() > self._timeouts.batch:
            return _late(done)
        try:
            sender, to = ascii_address(letter.sender.address), ascii_address(recipient.address)
            mail = _Envelope(recipient.delivery, sender, to, message(letter, recipient))
        except AddressError as error:
            done.refused[recipient.delivery] = str(error)
            return None
        return self._exchange(client, mail, done)

    def _exchange(
        self, client: SmtpConnection, mail: _Envelope, done: BatchProgress
    ) -> Outcome | None:
        started = False
        try:
            code, text = client.mail(mail.sender)
            if code not in FINE:
                return _sender_refused(code, text)
            code, text = client.rcpt(mail.to)
            if code in FINE:
                if client.deadline.elapsed() > self._timeouts.batch:
                    return _late(done)
                code, text = client.docmd("DATA")
                if started := code == GO_ON:
                    code, text = client.deliver(mail.content, self._at)
        except (OSError, smtplib.SMTPException) as error:
            verdict = Verdict.UNKNOWN if started else Verdict.UNSENT
            return Outcome(verdict, f"the connection broke: {describe_error(error)}")
        return self._understood(client, done, mail.delivery, (code, text), started=started)

    @staticmethod
    def _understood(
        client: SmtpConnection, done: BatchProgress, delivery: str, reply: Reply, *, started: bool
    ) -> Outcome | None:
        """Record the answer to one message; return an outcome if the batch cannot continue."""
        code, text = reply
        if code == CLOSING:
            reason = f"the server closed the connection: {shown_reply(code, text)}"
            return Outcome(Verdict.UNSENT, reason, wait=LATER)
        if code not in {*TEMPORARY, *PERMANENT} and not (started and code in FINE):
            verdict = Verdict.UNKNOWN if started else Verdict.UNSENT
            return Outcome(verdict, f"the server's answer is invalid: {shown_reply(code, text)}")
        done.note(delivery, code, text)
        if code not in FINE:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                client.rset()  # if this fails, the next message fails before it starts
        return None


def _not_connected(error: Exception) -> Outcome:
    """Return the outcome if the server could not be reached or refused the login."""
    if not isinstance(error, smtplib.SMTPResponseException):
        return Outcome(Verdict.UNSENT, f"no connection: {describe_error(error)}")
    for_now = error.smtp_code in TEMPORARY
    reply, wait = shown_reply(error.smtp_code, error.smtp_error), LATER if for_now else None
    if isinstance(error, smtplib.SMTPAuthenticationError):
        reason = f"the server refused the login: {reply}"
        return Outcome(Verdict.UNSENT, reason, wait=wait, stop=not for_now)
    return Outcome(Verdict.UNSENT, f"no connection: the server said {reply}", wait=wait)


def _late(done: BatchProgress) -> Outcome:
    """Return the outcome when the time is over. The rest follows at once.

    If the server has only deferred recipients so far, the rest waits with them.
    """
    if done.deferred and not done.reached and not done.refused:
        return Outcome(Verdict.UNSENT, done.later, wait=LATER, deferred=True)
    return Outcome(
        Verdict.UNSENT, "the time limit of one batch was reached; the rest follows", wait=0.0
    )


def _sender_refused(code: int, text: bytes | str) -> Outcome:
    reason = f"the server refused our sender address: {shown_reply(code, text)}"
    if code in TEMPORARY:
        return Outcome(Verdict.UNSENT, reason, wait=LATER)
    return Outcome(Verdict.UNSENT, reason, stop=True)


def _doubt_except(outcome: Outcome, rest: Sequence[Recipient]) -> Outcome:
    """Return an outcome that leaves everyone in doubt except `rest`."""
    unsent = tuple(recipient.delivery for recipient in rest)
    return Outcome(outcome.verdict, outcome.reason, unsent=unsent)
