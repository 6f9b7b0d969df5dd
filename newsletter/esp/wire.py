"""Plain HTTP/1.1 posts for a provider: kept-alive connections, one deadline, no second thoughts.

Nothing is retried or redirected, and no proxy is read from the environment: whoever calls decides
what a failure means, and must know whether a byte of the request had left.
"""

import contextlib
import http.client
import io
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from functools import partial
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import urlsplit

from typing_extensions import override

from newsletter.esp.deadline import Deadline, Timed
from newsletter.esp.port import FaultPoint, nowhere
from newsletter.esp.words import broken

PIECE = 1 << 18
"""How much of a body is written between two looks at the deadline."""
LARGEST_ANSWER = 1 << 20
IDLE = 20.0
"""Seconds after which a kept connection is not trusted any more."""


class NotSentError(Exception):
    """The connection could not be made: no byte of the request has left."""


class UnansweredError(Exception):
    """The request left, in part or whole, and no complete answer came back."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A provider's answer."""

    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds connecting may take, and the whole of a post."""

    connect: float = 10.0
    total: float = 60.0


class _Response(http.client.HTTPResponse):
    def __init__(
        self, sock: socket.socket, *, method: str | None = None, deadline: Deadline
    ) -> None:
        super().__init__(sock, method=method)
        self.fp.close()
        self.fp = io.BufferedReader(Timed(sock, deadline.left))

    @override
    def begin(self) -> None:
        """Read on to the final answer (RFC 9110, 15.2).

        What comes after an interim one would be taken for the answer to the next request.
        """
        super().begin()
        while self.status < HTTPStatus.OK:
            self.headers = self.msg = None  # type: ignore[assignment]  # as before the first line
            super().begin()


class Pool:
    """Kept-alive connections to one host; each is used by one thread at a time."""

    def __init__(
        self,
        host: str,
        *,
        patience: Patience = Patience(),
        tls: ssl.SSLContext | None = None,
        at: FaultPoint = nowhere,
    ) -> None:
        """Take the host's address; nothing is connected before the first post."""
        parts = urlsplit(host)
        self._open = _opener(parts.scheme, parts.hostname or "", parts.port, tls, patience.connect)
        self._patience = patience
        self._at = at
        self._idle: list[tuple[float, http.client.HTTPConnection]] = []
        self._lock = threading.Lock()

    def post(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post once; raise NotSentError or UnansweredError when there is no answer."""
        deadline = Deadline(self._patience.total)
        connection = self._connected(deadline)
        try:
            answer, keep = self._exchange(connection, path, headers, body, deadline)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise UnansweredError(broken(error)) from error
        except BaseException:
            connection.close()
            raise
        if keep:
            with self._lock:
                self._idle.append((time.monotonic(), connection))
        else:
            connection.close()
        return answer

    def close(self) -> None:
        """Close every kept connection."""
        with self._lock:
            for _since, connection in self._idle:
                connection.close()
            self._idle.clear()

    def _connected(self, deadline: Deadline) -> http.client.HTTPConnection:
        """Return a kept connection that is still open, or a new one."""
        oldest = time.monotonic() - IDLE
        while True:
            with self._lock:
                if not self._idle:
                    break
                since, connection = self._idle.pop()
            if since >= oldest and _quiet(connection):
                return connection
            connection.close()
        connection = self._open()
        try:
            connection.connect()
            deadline.left()
        except OSError as error:
            connection.close()
            raise NotSentError(broken(error)) from error
        return connection

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        deadline: Deadline,
    ) -> tuple[Answer, bool]:
        sock = connection.sock
        connection.response_class = partial(_Response, deadline=deadline)  # type: ignore[assignment]
        sent = {**headers, "Content-Length": str(len(body))}
        connection.request("POST", path, body=self._pieces(sock, body, deadline), headers=sent)
        self._at("after_send")
        response = connection.getresponse()
        content = response.read(LARGEST_ANSWER)
        keep = response.isclosed() and not response.will_close
        with contextlib.suppress(OSError):
            sock.settimeout(self._patience.total)
        return Answer(response.status, response.headers, content), keep

    def _pieces(self, sock: socket.socket, body: bytes, deadline: Deadline) -> Iterator[memoryview]:
        view = memoryview(body)
        size = max(1, min(PIECE, (len(body) + 1) // 2))
        for start in range(0, len(body), size):
            if start:
                self._at("mid_body")
            sock.settimeout(deadline.left())
            yield view[start : start + size]


def near(host: str) -> bool:
    """Return whether a host is this machine, to which a secret may go in the clear."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _quiet(connection: http.client.HTTPConnection) -> bool:
    """Return whether nothing came in meanwhile: neither an end nor an answer nobody asked for."""
    if connection.sock is None:
        return False
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN | select.POLLHUP | select.POLLERR)
    return not poll.poll(0)


def _opener(
    scheme: str, host: str, port: int | None, tls: ssl.SSLContext | None, timeout: float
) -> partial[http.client.HTTPConnection]:
    if scheme == "https":
        context = tls or ssl.create_default_context()
        return partial(http.client.HTTPSConnection, host, port, timeout=timeout, context=context)
    return partial(http.client.HTTPConnection, host, port, timeout=timeout)
