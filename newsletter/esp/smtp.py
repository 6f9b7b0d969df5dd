"""SMTP: one message per recipient over a kept connection, and an answer for each of them."""

import contextlib
import smtplib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from newsletter.errors import ConfigurationError
from newsletter.esp.mime import message
from newsletter.esp.port import FaultPoint, Letter, Outcome, Recipient, Shipment, Verdict, nowhere
from newsletter.esp.soundness import AddressError

MOST_TRIES = 10
"""After so many attempts a temporary refusal of one recipient counts as final."""
LATER = 300.0
"""Seconds after which those are tried again whom the server turned away for now."""
TEMPORARY = range(400, 500)
FINE = 250


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that one answer may take, and all messages of a batch together."""

    answer: float = 20.0
    batch: float = 45.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where to submit, and as whom; `secure` is TLS from the first byte."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    secure: bool = False

    @classmethod
    def parse(cls, url: str) -> "Server":
        """Read smtp://USER:PASSWORD@HOST:PORT or smtps://…; raise ConfigurationError."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = 0
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or port == 0:
            msg = "SMTP_URL in .env is not one; expected smtp://USER:PASSWORD@HOST:587 or smtps://…"
            raise ConfigurationError(msg)
        secure = parts.scheme == "smtps"
        return cls(
            parts.hostname,
            port or (465 if secure else 587),
            unquote(parts.username or ""),
            unquote(parts.password or ""),
            secure,
        )

    @property
    def near(self) -> bool:
        """Return whether it is this machine, to which a password may go in the clear."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@dataclass(slots=True)
class _Progress:
    """What became of a batch so far."""

    reached: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    later: str = ""


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
        ticks: Callable[[], float] = time.monotonic,
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
            client = self._connected()
        except smtplib.SMTPAuthenticationError as error:
            return Outcome(
                Verdict.UNSENT, f"the server refused the login: {_said(error)}", stop=True
            )
        except (OSError, smtplib.SMTPException) as error:
            return Outcome(Verdict.UNSENT, f"no connection: {type(error).__name__}: {error}")
        try:
            return self._each(client, shipment)
        finally:
            _leave(client)

    def probe(self) -> str:
        """Connect, log in and take leave; return what went wrong, nothing if all is well."""
        try:
            client = self._connected()
        except smtplib.SMTPAuthenticationError as error:
            return f"the server refused the login: {_said(error)}"
        except (OSError, smtplib.SMTPException) as error:
            return f"no connection: {type(error).__name__}: {error}"
        try:
            code, says = client.noop()
        except (OSError, smtplib.SMTPException) as error:
            return f"the connection broke: {type(error).__name__}: {error}"
        finally:
            _leave(client)
        return "" if code == FINE else f"it answered {code} {says.decode(errors='replace')}"

    def _connected(self) -> smtplib.SMTP:
        server, timeout = self._server, self._limits.answer
        if server.secure:
            client: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=timeout, context=self._tls
            )
        else:
            client = smtplib.SMTP(server.host, server.port, timeout=timeout)
        try:
            self._introduce(client)
        except BaseException:
            client.close()
            raise
        return client

    def _introduce(self, client: smtplib.SMTP) -> None:
        """Greet, switch to TLS where it is offered, and log in; a password never goes without."""
        server = self._server
        client.ehlo()
        if not server.secure and client.has_extn("starttls"):
            client.starttls(context=self._tls)
            client.ehlo()
        elif not server.secure and server.user and not server.near:
            msg = "the server offers no TLS, and a password never leaves without"
            raise smtplib.SMTPNotSupportedError(msg)
        if server.user:
            client.login(server.user, server.password)

    def _each(self, client: smtplib.SMTP, shipment: Shipment) -> Outcome:
        done = _Progress()
        final = int(shipment.attempt.rpartition(":")[2] or 1) >= MOST_TRIES
        ends = self._ticks() + self._limits.batch
        for place, recipient in enumerate(shipment.recipients):
            if self._ticks() > ends:
                return _unsent(done, "the time for one batch was over; the rest follows", wait=0.0)
            stopped = self._one(client, shipment.letter, recipient, done, final=final)
            if stopped is None:
                continue
            if stopped.verdict is Verdict.UNKNOWN:
                rest = tuple(one.delivery for one in shipment.recipients[place + 1 :])
                return _with(stopped, done, rest)
            return _with(stopped, done)
        if done.later:
            return _unsent(done, done.later, wait=LATER)
        return Outcome(Verdict.ACCEPTED, refused=done.refused)

    def _one(
        self,
        client: smtplib.SMTP,
        letter: Letter,
        recipient: Recipient,
        done: _Progress,
        *,
        final: bool,
    ) -> Outcome | None:
        """Submit one message; return an outcome only when the batch cannot go on."""
        try:
            content = message(letter, recipient)
        except AddressError as error:
            done.refused[recipient.delivery] = str(error)
            return None
        begun = False
        said: bytes | str
        try:
            code, said = client.mail(letter.sender.address)
            if code != 250:  # noqa: PLR2004 - RFC 5321
                return _sender_refused(code, said)
            code, said = client.rcpt(recipient.address)
            if code in {250, 251}:
                self._at("mid_body")
                begun = True
                code, said = client.data(content)
                self._at("after_send")
        except smtplib.SMTPDataError as error:
            code, said = error.smtp_code, error.smtp_error
        except (OSError, smtplib.SMTPException) as error:
            verdict = Verdict.UNKNOWN if begun else Verdict.UNSENT
            return Outcome(verdict, f"the connection broke: {type(error).__name__}: {error}")
        _note(done, recipient.delivery, code, said, final=final)
        if code not in {250, 251}:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                client.rset()  # if this fails, so does the next message, before it begins
        return None


def _note(done: _Progress, delivery: str, code: int, said: bytes | str, *, final: bool) -> None:
    if code in {250, 251}:
        done.reached.append(delivery)
    elif code in TEMPORARY and not final:
        done.later = f"the server said {_words(code, said)} to some; they are tried again"
    else:
        done.refused[delivery] = f"the server said {_words(code, said)}"


def _sender_refused(code: int, said: bytes | str) -> Outcome:
    reason = f"the server does not take our sender: {_words(code, said)}"
    if code in TEMPORARY:
        return Outcome(Verdict.UNSENT, reason, wait=LATER)
    return Outcome(Verdict.UNSENT, reason, stop=True)


def _unsent(done: _Progress, reason: str, *, wait: float) -> Outcome:
    return _with(Outcome(Verdict.UNSENT, reason, wait=wait), done)


def _with(outcome: Outcome, done: _Progress, unsent: tuple[str, ...] = ()) -> Outcome:
    return Outcome(
        outcome.verdict,
        outcome.reason,
        refused=done.refused,
        reached=tuple(done.reached),
        unsent=unsent,
        wait=outcome.wait,
        stop=outcome.stop,
    )


def _words(code: int, said: bytes | str) -> str:
    """Return a reply without the addresses in it."""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    words = ("(address)" if "@" in word else word for word in text.split())
    return f"{code} {' '.join(words)}"[:200]


def _said(error: smtplib.SMTPResponseException) -> str:
    return _words(error.smtp_code, error.smtp_error)


def _leave(client: smtplib.SMTP) -> None:
    """Say goodbye if that is still possible; what was submitted stays submitted."""
    try:
        client.quit()
    except (OSError, smtplib.SMTPException):
        client.close()
