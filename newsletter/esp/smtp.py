"""SMTP: one message per recipient over a kept connection, and an answer for each of them."""

import contextlib
import smtplib
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from newsletter.esp.deadline import Deadline, Ticks
from newsletter.esp.mime import message
from newsletter.esp.port import FaultPoint, Letter, Outcome, Recipient, Shipment, Verdict, nowhere
from newsletter.esp.progress import FINE, LATER, PERMANENT, TEMPORARY, Progress, words
from newsletter.esp.smtp_client import Client, Reply, Server
from newsletter.esp.soundness import AddressError, LetterError, ascii_address, require
from newsletter.esp.words import broken

CLOSING = 421
"""The server is about to close the connection: it speaks of itself, not of the recipient."""
GO_ON = 354


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds: one answer; after which no message is begun; after which nothing is waited for.

    The last is the whole of a call, with connecting and login; it ends well before the lease.
    """

    answer: float = 20.0
    batch: float = 45.0
    total: float = 80.0


class _Mail(NamedTuple):
    """One message and its envelope."""

    delivery: str
    sender: str
    to: str
    content: bytes


class SmtpSender:
    """Submits message after message; a connection lives for one batch."""

    name = "smtp"
    max_batch = 50
    repeatable = False

    def __init__(
        self,
        url: str,
        *,
        limits: Limits = Limits(),
        tls: ssl.SSLContext | None = None,
        ticks: Ticks = time.monotonic,
        at: FaultPoint = nowhere,
    ) -> None:
        """Take the server's URL; nothing is connected before the first batch."""
        self._server = Server.parse(url)
        self._limits = limits
        self._tls = tls or ssl.create_default_context()
        self._ticks = ticks
        self._at = at

    def submit(self, shipment: Shipment) -> Outcome:
        """Submit each message; stop at the first whose fate is not known."""
        try:
            require(shipment.letter)
            client = self._connected()
        except LetterError as error:
            return Outcome(Verdict.UNSENT, str(error), stop=True)
        except (OSError, smtplib.SMTPException) as error:
            return _not_let_in(error)
        try:
            return self._each(client, shipment)
        finally:
            client.leave()

    def probe(self) -> str:
        """Connect, log in and take leave; return what went wrong, nothing if all is well."""
        try:
            client = self._connected()
        except (OSError, smtplib.SMTPException) as error:
            return _not_let_in(error).reason
        try:
            code, says = client.noop()
        except (OSError, smtplib.SMTPException) as error:
            return f"the connection broke: {broken(error)}"
        finally:
            client.leave()
        return "" if code in FINE else f"it answered {words(code, says)}"

    def _connected(self) -> Client:
        deadline = Deadline(self._limits.total, self._ticks)
        return Client(self._server, deadline, answer=self._limits.answer, tls=self._tls)

    def _each(self, client: Client, shipment: Shipment) -> Outcome:
        done = Progress(shipment.last)
        for place, recipient in enumerate(shipment.recipients):
            stopped = self._one(client, shipment.letter, recipient, done)
            if stopped is None:
                continue
            if stopped.verdict is Verdict.UNKNOWN:
                return done.stop(_but_not(stopped, shipment.recipients[place + 1 :]))
            return done.stop(stopped)
        return done.end()

    def _one(
        self, client: Client, letter: Letter, recipient: Recipient, done: Progress
    ) -> Outcome | None:
        """Submit one message; return an outcome only when the batch cannot go on."""
        if client.deadline.gone() > self._limits.batch:
            return _late(done)
        try:
            sender, to = ascii_address(letter.sender.address), ascii_address(recipient.address)
            mail = _Mail(recipient.delivery, sender, to, message(letter, recipient))
        except AddressError as error:
            done.refused[recipient.delivery] = str(error)
            return None
        return self._exchange(client, mail, done)

    def _exchange(self, client: Client, mail: _Mail, done: Progress) -> Outcome | None:
        begun = False
        try:
            code, says = client.mail(mail.sender)
            if code not in FINE:
                return _sender_refused(code, says)
            code, says = client.rcpt(mail.to)
            if code in FINE:
                if client.deadline.gone() > self._limits.batch:
                    return _late(done)
                code, says = client.docmd("DATA")
                if begun := code == GO_ON:
                    code, says = client.deliver(mail.content, self._at)
        except (OSError, smtplib.SMTPException) as error:
            verdict = Verdict.UNKNOWN if begun else Verdict.UNSENT
            return Outcome(verdict, f"the connection broke: {broken(error)}")
        return self._understood(client, done, mail.delivery, (code, says), begun=begun)

    @staticmethod
    def _understood(
        client: Client, done: Progress, delivery: str, reply: Reply, *, begun: bool
    ) -> Outcome | None:
        """Note the answer to one message; return an outcome when it is none, or the last one."""
        code, says = reply
        if code == CLOSING:
            reason = f"the server closed the connection: {words(code, says)}"
            return Outcome(Verdict.UNSENT, reason, wait=LATER)
        if code not in {*TEMPORARY, *PERMANENT} and not (begun and code in FINE):
            verdict = Verdict.UNKNOWN if begun else Verdict.UNSENT
            return Outcome(verdict, f"the server's answer makes no sense: {words(code, says)}")
        done.note(delivery, code, says)
        if code not in FINE:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                client.rset()  # if this fails, so does the next message, before it begins
        return None


def _not_let_in(error: Exception) -> Outcome:
    """Return what it means that the server could not be reached, or did not let us in."""
    if not isinstance(error, smtplib.SMTPResponseException):
        return Outcome(Verdict.UNSENT, f"no connection: {broken(error)}")
    for_now = error.smtp_code in TEMPORARY
    says, wait = words(error.smtp_code, error.smtp_error), LATER if for_now else None
    if isinstance(error, smtplib.SMTPAuthenticationError):
        reason = f"the server refused the login: {says}"
        return Outcome(Verdict.UNSENT, reason, wait=wait, stop=not for_now)
    return Outcome(Verdict.UNSENT, f"no connection: the server said {says}", wait=wait)


def _late(done: Progress) -> Outcome:
    """Return what it means that the time is over: the rest follows at once.

    Unless only those were reached whom the server defers: then all wait as they do.
    """
    if done.deferred and not done.reached and not done.refused:
        return Outcome(Verdict.UNSENT, done.later, wait=LATER, deferred=True)
    return Outcome(Verdict.UNSENT, "the time for one batch was over; the rest follows", wait=0.0)


def _sender_refused(code: int, says: bytes | str) -> Outcome:
    reason = f"the server does not take our sender: {words(code, says)}"
    if code in TEMPORARY:
        return Outcome(Verdict.UNSENT, reason, wait=LATER)
    return Outcome(Verdict.UNSENT, reason, stop=True)


def _but_not(outcome: Outcome, rest: Sequence[Recipient]) -> Outcome:
    """Return an outcome that leaves open what became of everybody but the rest."""
    unsent = tuple(one.delivery for one in rest)
    return Outcome(outcome.verdict, outcome.reason, unsent=unsent)
