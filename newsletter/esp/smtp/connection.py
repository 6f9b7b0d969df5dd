"""An SMTP connection: opened with the standard library, then used with fewer round trips.

The standard library greets, logs in and switches to TLS. Its way of sending a message waits for
every single answer, so the transactions are written here (RFC 5321, with PIPELINING of RFC 2920 and
CHUNKING of RFC 3030). Every step ends before the deadline, however slow the server is. The socket
does not block: a method that returns Steps says when it waits, and for how long.
"""

import contextlib
import functools
import select
import smtplib
import socket
import ssl
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from typing_extensions import override

from newsletter.esp.port import FaultPoint, nowhere
from newsletter.esp.smtp.conversations import READABLE, WRITABLE, SocketWait, Steps, alone
from newsletter.esp.smtp.server import Security, SmtpServer
from newsletter.esp.wire.deadline import CallDeadline

LONGEST_REPLY = 100
"""Lines. A server that sends more never ends its reply."""
LONGEST_LINE = 8192
_NOT_A_REPLY = -1
_READY = 220
_CLOSED = "the connection is closed"


class Reply(NamedTuple):
    """A server's reply; the code of one without a number is -1."""

    code: int
    text: bytes


class NoTlsError(smtplib.SMTPException):
    """The server offers no TLS where it is required."""


class SmtpConnection(smtplib.SMTP):
    """A connection after EHLO and login.

    - `completed` counts the messages that the server answered, `completed_before` those of earlier
      calls. `most` is how many it takes in all.
    - `must_reset`: a refused recipient left a transaction open, so RSET comes before the next MAIL.
    - `in_order` is cleared when commands and replies may not match any longer.
    """

    def __init__(
        self,
        server: SmtpServer,
        deadline: CallDeadline,
        *,
        answer: float,
        tls: Callable[[], ssl.SSLContext],
        session: ssl.SSLSession | None = None,
    ) -> None:
        """Connect; raise what smtplib raises, or NoTlsError. `answer` limits one answer.

        `session` is the TLS session of an earlier connection, so that this handshake is short.
        """
        self.deadline = deadline
        self.completed = self.completed_before = 0
        self.most: int | None = None
        self.in_order = True
        self.must_reset = False
        self._received = b""
        self._queued: deque[bytes] = deque()
        self._owed = 0
        self._answer = answer
        self._server = server
        self._tls = tls
        self._session = session
        try:
            super().__init__(server.host, server.port, local_hostname=_own_name(), timeout=answer)
            self._introduce()
        except BaseException:
            self.close()
            raise

    @property
    def usable(self) -> bool:
        """Return whether another message may follow: each command has had its one reply."""
        settled = not (self._owed or self._queued or self._received)
        return self.in_order and settled and self.sock is not None

    @property
    def used_up(self) -> bool:
        """Return whether the server takes no more messages over this connection."""
        return self.most is not None and self.completed >= self.most

    @property
    def nearly_used_up(self) -> bool:
        """Return whether the message that is under way is the last one."""
        return self.most is not None and self.completed + 1 >= self.most

    @property
    def pipelining(self) -> bool:
        """Return whether several commands may be sent without waiting for answers."""
        return self.has_extn("pipelining")

    @property
    def chunking(self) -> bool:
        """Return whether a message may be sent by its size, without an end mark."""
        return self.has_extn("chunking")

    @property
    def international(self) -> bool:
        """Return whether addresses may be in any script."""
        return self.has_extn("smtputf8") and self.has_extn("8bitmime")

    @property
    def session(self) -> ssl.SSLSession | None:
        """Return the TLS session for the next connection."""
        return self.sock.session if isinstance(self.sock, ssl.SSLSocket) else None

    def renew(self, deadline: CallDeadline, most: int | None) -> None:
        """Start another call on this connection, which may carry `most` messages in all."""
        self.deadline = deadline
        self.most = most
        self.completed_before = self.completed

    def is_quiet(self) -> bool:
        """Return whether nothing arrived while it was idle: anything would be the end of it."""
        if self.sock is None:
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN | select.POLLHUP | select.POLLERR)
        return not poll.poll(0)

    def queue(self, *commands: bytes) -> None:
        """Note commands; each has one reply. `reply` or `transmit` sends them."""
        self._queued.extend(commands)

    def reply(self) -> Steps[Reply]:
        """Return the reply to the next command; send what is queued, at once where allowed."""
        if self._queued:
            if self.pipelining:
                yield from self._write(self._take_queued())
            else:
                self._owed += 1
                yield from self._write(self._queued.popleft())
        reply = yield from self._read_reply()
        self._owed -= 1
        return reply

    def end_empty(self) -> Steps[None]:
        """End a message without content and without recipients; the server refuses it."""
        yield from self._write(b".\r\n")
        yield from self._read_reply()

    def forget_queued(self) -> None:
        """Drop the commands that were not sent."""
        self._queued.clear()

    def transmit(self, content: bytes, at: FaultPoint) -> Steps[Reply]:
        """Send a message, and the queued commands with it; return the reply to the message."""
        following = self._take_queued() if self.pipelining else b""
        if self.chunking:
            content = b"BDAT %d LAST\r\n%b%b" % (len(content), content, following)
        else:
            # A line that begins with a dot would end the message (RFC 5321, 4.5.2).
            stuffed = content.replace(b"\r\n.", b"\r\n..").removesuffix(b"\r\n")
            content = b"%b\r\n.\r\n%b" % (stuffed, following)
        if at is nowhere:
            yield from self._write(content)
        else:  # two writes, so that a crash test can end the process between them
            middle = len(content) // 2
            yield from self._write(content[:middle])
            at("mid_body")
            yield from self._write(content[middle:])
        at("after_send")
        return (yield from self._read_reply())

    def leave(self) -> None:
        """Send QUIT if that is possible, and close. Accepted messages stay accepted."""
        try:
            if not self.usable:
                return
            self.quit()
        except (OSError, smtplib.SMTPException):
            return
        finally:
            self.close()

    def hang_up(self) -> None:
        """Send QUIT and close, without waiting for the server."""
        with contextlib.suppress(OSError, smtplib.SMTPException):
            self.deadline = CallDeadline(1.0)
            alone(self._write(b"QUIT\r\n"))
        self.close()

    def _take_queued(self) -> bytes:
        commands = b"".join(self._queued)
        self._owed += len(self._queued)
        self._queued.clear()
        return commands

    def _write(self, content: bytes) -> Steps[None]:
        """Write all of it, within one step."""
        sock, rest = self._open_socket(), memoryview(content)
        step = self.deadline.step(self._answer)
        while rest:
            try:
                rest = rest[sock.send(rest) :]
            except ssl.SSLWantReadError:
                yield SocketWait(sock, READABLE, step.left())
            except (BlockingIOError, ssl.SSLWantWriteError):
                yield SocketWait(sock, WRITABLE, step.left())

    def _open_socket(self) -> socket.socket:
        if self.sock is None:
            raise smtplib.SMTPServerDisconnected(_CLOSED)
        return self.sock

    def _introduce(self) -> None:
        """Greet, protect the connection as the settings demand, and log in."""
        self.ehlo_or_helo_if_needed()  # some relays know only HELO
        security = self._server.security
        if security in {Security.STARTTLS, Security.OFFERED}:
            if self.has_extn("starttls"):
                self._start_tls()
                self.ehlo_or_helo_if_needed()
            elif security is Security.STARTTLS:
                raise NoTlsError(_NO_TLS)
        if self._server.user:
            self.login(self._server.user, self._server.password)

    def _start_tls(self) -> None:
        """Switch to TLS, and forget what the server said before (RFC 3207, 4.2)."""
        code, text = self.docmd("STARTTLS")
        if code != _READY:
            raise smtplib.SMTPResponseException(code, text)
        if self._received:
            # Someone between us and the server added replies that would count as protected.
            msg = "the server sent data between STARTTLS and TLS"
            raise NoTlsError(msg)
        if self.sock:
            self.sock = self._protect(self.sock)
        self.helo_resp = self.ehlo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False

    def _protect(self, sock: socket.socket) -> ssl.SSLSocket:
        sock.settimeout(self.deadline.left(self._answer))
        protected = self._tls().wrap_socket(
            sock, server_hostname=self._server.host, session=self._session
        )
        protected.setblocking(False)
        return protected

    @override
    def send(self, s: Any) -> None:
        alone(self._write(s.encode(self.command_encoding) if isinstance(s, str) else s))

    @override
    def getreply(self) -> Reply:
        return alone(self._read_reply())

    def _read_reply(self) -> Steps[Reply]:
        """Read one reply. A line without a number gives the code -1. A complete one may be late."""
        lines: list[bytes] = []
        step: CallDeadline | None = None
        while len(lines) < LONGEST_REPLY:
            while (end := self._received.find(b"\n")) < 0:
                # All of a reply must arrive within one step.
                step = step or self.deadline.step(self._answer)
                yield from self._receive(step)
            line, self._received = self._received[:end], self._received[end + 1 :]
            lines.append(line[4:].strip())
            if not line[:3].isdigit():
                return Reply(_NOT_A_REPLY, b"\n".join(lines))
            if line[3:4] != b"-":
                return Reply(int(line[:3]), b"\n".join(lines))
        msg = "the server's reply does not end"
        raise smtplib.SMTPServerDisconnected(msg)

    def _receive(self, step: CallDeadline) -> Steps[None]:
        """Receive a part of a reply."""
        if len(self._received) > LONGEST_LINE:
            msg = "the reply is too long"
            raise smtplib.SMTPServerDisconnected(msg)
        sock, events, arrived = self._open_socket(), READABLE, None
        while arrived is None:
            # What TLS has decrypted already does not make the socket readable.
            if not (isinstance(sock, ssl.SSLSocket) and sock.pending()):
                yield SocketWait(sock, events, step.left())
            try:
                arrived = sock.recv(LONGEST_LINE)
            except ssl.SSLWantWriteError:
                events = WRITABLE
            except (BlockingIOError, ssl.SSLWantReadError):
                events = READABLE
        if not arrived:
            msg = "the server closed the connection"
            raise smtplib.SMTPServerDisconnected(msg)
        self._received += arrived

    def _get_socket(self, host: str, port: int, _timeout: float) -> socket.socket:
        """Connect to the first of the host's addresses that answers."""
        error = OSError(f"{host} has no address")
        for *family, _name, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            made = socket.socket(*family)
            try:
                made.settimeout(self.deadline.left(self._answer))
                made.connect(address)
                made.setblocking(False)
                # With Nagle's algorithm, the end of a message would wait for an acknowledgment.
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                implicit = self._server.security is Security.IMPLICIT
                return self._protect(made) if implicit else made
            except OSError as failed:
                made.close()
                error = failed
        raise error


@functools.cache
def _own_name() -> str:
    """Return this machine's name for EHLO; looking it up may take seconds, so do it once."""
    return socket.getfqdn()


_NO_TLS = (
    "the server does not offer TLS, or something on the way removed the offer; nothing was sent."
    " Use smtps://, or add ?tls=off to SMTP_URL if the network between is yours"
)
