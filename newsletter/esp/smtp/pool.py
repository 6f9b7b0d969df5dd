"""Connections to an SMTP server that stay open between batches."""

import os
import ssl
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from newsletter.esp.smtp.connection import SmtpConnection
from newsletter.esp.smtp.server import SmtpServer
from newsletter.esp.wire.deadline import CallDeadline

IDLE = 30.0
"""Seconds after which an idle connection is closed. Postfix would close it after 300 s."""
REMEMBERED = 3600.0
"""Seconds for which a limit that the server showed is respected. Then a higher one is tried."""
FEWEST = 2
"""An end after fewer messages is an accident, not a limit."""


class SmtpPool:
    """Opens connections, keeps idle ones, and remembers how many messages each may carry."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        answer: float,
        most: int | None = None,
        slots: int | None = None,
    ) -> None:
        """Take the server.

        `answer` limits one reply, `most` the messages over one connection, and `slots` the calls at
        the same time.
        """
        self.server = server
        self._answer = answer
        self._configured = most
        self._slots = threading.BoundedSemaphore(slots) if slots else None
        self._learned: tuple[int, float] | None = None
        # A wrong file should be reported at startup. Loading the system's keys can wait.
        self._tls = server.context() if server.ca else None
        self._session: ssl.SSLSession | None = None
        self._lock = threading.Lock()
        self._idle = _Idle()
        weakref.finalize(self, self._idle.close)  # also when the process ends

    @contextmanager
    def slot(self, deadline: CallDeadline) -> Iterator[None]:
        """Wait until a call may use the server.

        When the deadline passes first, `take` raises.
        """
        acquired = False
        with suppress(TimeoutError):
            acquired = self._slots is not None and self._slots.acquire(timeout=deadline.left())
        try:
            yield
        finally:
            if self._slots is not None and acquired:
                self._slots.release()

    def take(self, deadline: CallDeadline) -> SmtpConnection:
        """Return an idle connection that is still open, or a new one; raise what smtplib raises."""
        connection = self._idle.pop()
        if connection is None:
            connection = SmtpConnection(
                self.server,
                deadline,
                answer=self._answer,
                tls=self._context,
                session=self._session,
            )
        connection.renew(deadline, self._most())
        return connection

    def give(self, connection: SmtpConnection) -> None:
        """Keep a connection for the next batch, or close it if it cannot be used again."""
        # TLS 1.3 sends its tickets after the handshake, so the session is complete only now.
        self._session = connection.session or self._session
        if connection.usable and not connection.used_up:
            self._idle.push(connection)
        else:
            connection.leave()

    def ended(self, connection: SmtpConnection, *, by_server: bool) -> None:
        """Close a connection that ended between two messages, and learn the server's limit."""
        served = connection.completed - connection.completed_before
        if by_server:
            connection.in_order = False
        if by_server and served and connection.completed >= FEWEST:
            self._learned = (connection.completed, time.monotonic() + REMEMBERED)
        connection.leave()

    def close(self) -> None:
        """Close the idle connections."""
        self._idle.close()

    def _context(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = self.server.context()
            return self._tls

    def _most(self) -> int | None:
        learned, until = self._learned or (None, 0.0)
        limits = [self._configured, learned if time.monotonic() < until else None]
        return min((limit for limit in limits if limit is not None), default=None)


class _Idle:
    """The idle connections, newest last. A timer closes those that were idle for too long."""

    def __init__(self) -> None:
        self._connections: list[tuple[float, SmtpConnection]] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._process = os.getpid()

    def push(self, connection: SmtpConnection) -> None:
        with self._lock:
            self._connections.append((time.monotonic(), connection))
            self._wait()

    def pop(self) -> SmtpConnection | None:
        """Return the newest connection that nothing has arrived on."""
        self.prune()
        while True:
            with self._lock:
                if not self._connections:
                    return None
                _since, connection = self._connections.pop()
            if connection.is_quiet():
                return connection
            connection.close()

    def prune(self) -> None:
        """Close connections that were idle for too long; forget those of a parent process."""
        oldest = time.monotonic() - IDLE
        with self._lock:
            if self._process != os.getpid():
                self._connections.clear()
                self._process, self._timer = os.getpid(), None
            expired = [connection for since, connection in self._connections if since <= oldest]
            self._connections = [kept for kept in self._connections if kept[0] > oldest]
        for connection in expired:
            connection.hang_up()

    def close(self) -> None:
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
            connections, self._connections = self._connections, []
        for _since, connection in connections:
            connection.hang_up()

    def _wait(self) -> None:
        """Start the timer unless it is running."""
        if self._timer is None:
            self._timer = threading.Timer(IDLE + 1, self._ring)
            self._timer.daemon = True
            self._timer.start()

    def _ring(self) -> None:
        self.prune()
        with self._lock:
            self._timer = None
            if self._connections:
                self._wait()
