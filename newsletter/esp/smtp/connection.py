"""The standard library's SMTP client with a deadline that a slow server cannot extend."""

import contextlib
import io
import smtplib
import socket
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from typing_extensions import override

from newsletter.errors import ConfigurationError
from newsletter.esp.port import FaultPoint
from newsletter.esp.wire.deadline import CallDeadline, TimedReader
from newsletter.esp.wire.loopback import is_loopback

PIECE = 1 << 14
"""Bytes of a message that are written between two checks of the deadline."""
Reply = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where to submit and with which login; `secure` means TLS from the first byte."""

    host: str
    port: int
    user: str = ""
    password: str = ""
    secure: bool = False

    @classmethod
    def parse(cls, url: str) -> "SmtpServer":
        """Read smtp://USER:PASSWORD@HOST:PORT or smtps://…; raise ConfigurationError."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError:
            port = 0
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or port == 0:
            msg = (
                "SMTP_URL in .env is not a valid SMTP address; expected"
                " smtp://USER:PASSWORD@HOST:587 or smtps://…"
            )
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
    def is_local(self) -> bool:
        """Return whether it is this machine, so that a password may travel unencrypted."""
        return is_loopback(self.host)


class SmtpConnection(smtplib.SMTP):
    """A connection after EHLO and login. Every step ends before the deadline."""

    def __init__(
        self, server: SmtpServer, deadline: CallDeadline, *, answer: float, tls: ssl.SSLContext
    ) -> None:
        """Connect; raise what smtplib raises. `answer` limits one answer, in seconds."""
        self.deadline = deadline
        self._step = deadline
        self._answer = answer
        self._wrap = tls if server.secure else None
        super().__init__(server.host, server.port, timeout=answer)
        try:
            self._introduce(server, tls)
        except BaseException:
            self.close()
            raise

    def deliver(self, content: bytes, at: FaultPoint) -> Reply:
        """Transmit the message after a 354, and return the server's answer."""
        stuffed = content.replace(b"\r\n.", b"\r\n..").removesuffix(b"\r\n") + b"\r\n.\r\n"
        middle = len(stuffed) // 2
        self._write(stuffed[:middle])
        at("mid_body")
        self._write(stuffed[middle:])
        at("after_send")
        return self.getreply()

    def leave(self) -> None:
        """Send QUIT if that is still possible. Accepted messages stay accepted."""
        try:
            self.quit()
        except (OSError, smtplib.SMTPException):
            self.close()

    def _introduce(self, server: SmtpServer, tls: ssl.SSLContext) -> None:
        """Greet, switch to TLS if offered, and log in. Never send a password without TLS."""
        self.ehlo()
        if not server.secure and self.has_extn("starttls"):
            self.starttls(context=tls)
            self.ehlo()
        elif not server.secure and server.user and not server.is_local:
            msg = "the server does not offer TLS, and the password is not sent without it"
            raise smtplib.SMTPNotSupportedError(msg)
        if server.user:
            self.login(server.user, server.password)

    def _write(self, content: bytes) -> None:
        for start in range(0, len(content), PIECE):
            self.send(content[start : start + PIECE])

    @override
    def send(self, s: Any) -> None:
        if self.sock:
            self.sock.settimeout(self.deadline.left(self._answer))
        super().send(s)

    @override
    def getreply(self) -> Reply:
        self._step = self.deadline.step(self._answer)
        if self.file is None and self.sock:
            self.file = io.BufferedReader(TimedReader(self.sock, self._left))
        reply = super().getreply()
        if self.sock:  # a TLS handshake may follow; a complete answer counts even if it is late
            with contextlib.suppress(TimeoutError):
                self.sock.settimeout(self.deadline.left(self._answer))
        return reply

    def _left(self) -> float:
        return self._step.left()

    def _get_socket(self, host: str, port: int, _timeout: float) -> socket.socket:
        """Connect to the first of the host's addresses that answers."""
        error = OSError(f"{host} has no address")
        for *family, _name, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            made = socket.socket(*family)
            try:
                made.settimeout(self.deadline.left(self._answer))
                made.connect(address)
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return self._wrap.wrap_socket(made, server_hostname=host) if self._wrap else made
            except OSError as failed:
                made.close()
                error = failed
        raise error
