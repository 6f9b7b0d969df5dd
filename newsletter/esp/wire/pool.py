"""HTTP/1.1 requests to a provider over kept-alive connections, each with one deadline.

Nothing is retried or redirected, and no proxy is read from the environment. The caller decides what
a failure means, so it must know whether any byte of the request was transmitted.
"""

import contextlib
import http.client
import io
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.message import Message
from functools import partial
from http import HTTPStatus
from urllib.parse import urlsplit

from typing_extensions import override

from newsletter.esp.port import FaultPoint, nowhere
from newsletter.esp.text import describe_error
from newsletter.esp.wire.deadline import CallDeadline, TimedReader

LARGEST_ANSWER = 1 << 20
IDLE = 20.0
"""Seconds after which an idle connection is closed instead of used: servers drop them silently."""


class NotSentError(Exception):
    """The connection failed before any byte of the request was transmitted."""


class UnansweredError(Exception):
    """The request was transmitted, in part or whole, but no complete answer came back."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A provider's answer."""

    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds connecting may take, and the whole of a request."""

    connect: float = 10.0
    total: float = 60.0


class _Response(http.client.HTTPResponse):
    def __init__(
        self, sock: socket.socket, *, method: str | None = None, deadline: CallDeadline
    ) -> None:
        super().__init__(sock, method=method)
        self.fp.close()
        self.fp = io.BufferedReader(TimedReader(sock, deadline.left))

    @override
    def begin(self) -> None:
        """Skip interim answers (RFC 9110, 15.2) up to the final one.

        http.client skips only 100. The final answer after a 103 would otherwise be taken for the
        answer to the next request.
        """
        super().begin()
        while self.status < HTTPStatus.OK:
            self.headers = self.msg = None  # type: ignore[assignment]  # as before the first line
            super().begin()


class Pool:
    """Kept-alive connections to one host; one thread uses a connection at a time."""

    def __init__(
        self,
        host: str,
        *,
        patience: Patience = Patience(),
        tls: ssl.SSLContext | None = None,
        at: FaultPoint = nowhere,
    ) -> None:
        """Take the host's address. Nothing is connected before the first request."""
        parts = urlsplit(host)
        self._open = _opener(parts.scheme, parts.hostname or "", parts.port, tls, patience.connect)
        self._patience = patience
        self._at = at
        self._idle: list[tuple[float, http.client.HTTPConnection]] = []
        self._lock = threading.Lock()

    def request(
        self, method: str, path: str, headers: Mapping[str, str], body: Sequence[bytes] = ()
    ) -> HttpAnswer:
        """Make one request; raise NotSentError or UnansweredError if there is no answer.

        The deadline is checked before each part of the body.
        """
        deadline = CallDeadline(self._patience.total)
        connection = self._connected(deadline)
        try:
            answer, keep = self._exchange(connection, method, path, headers, body, deadline)
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            raise UnansweredError(describe_error(error)) from error
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
        """Close every idle connection."""
        with self._lock:
            for _since, connection in self._idle:
                connection.close()
            self._idle.clear()

    def _connected(self, deadline: CallDeadline) -> http.client.HTTPConnection:
        """Return an idle connection that is still open, or a new one."""
        oldest = time.monotonic() - IDLE
        while True:
            with self._lock:
                if not self._idle:
                    break
                since, connection = self._idle.pop()
            if since >= oldest and _is_quiet(connection):
                return connection
            connection.close()
        connection = self._open()
        try:
            connection.connect()
            deadline.left()
        except OSError as error:
            connection.close()
            raise NotSentError(describe_error(error)) from error
        return connection

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Sequence[bytes],
        deadline: CallDeadline,
    ) -> tuple[HttpAnswer, bool]:
        sock = connection.sock
        connection.response_class = partial(_Response, deadline=deadline)  # type: ignore[assignment]
        sent = {**headers, "Content-Length": str(sum(map(len, body)))}
        connection.request(method, path, body=self._parts(sock, body, deadline), headers=sent)
        self._at("after_send")
        response = connection.getresponse()
        content = response.read(LARGEST_ANSWER)
        keep = response.isclosed() and not response.will_close
        with contextlib.suppress(OSError):
            sock.settimeout(self._patience.total)
        return HttpAnswer(response.status, response.headers, content), keep

    def _parts(
        self, sock: socket.socket, body: Sequence[bytes], deadline: CallDeadline
    ) -> Iterator[bytes]:
        for place, part in enumerate(body):
            if place:
                self._at("mid_body")
            sock.settimeout(deadline.left())
            yield part


def _is_quiet(connection: http.client.HTTPConnection) -> bool:
    """Return whether nothing arrived while the connection was idle.

    Anything readable is either the end of the connection or an answer to no request.
    """
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
