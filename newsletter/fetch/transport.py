"""Carry httpx2's requests over guarded connections."""

import ssl
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore2
import httpx2
from typing_extensions import override

from newsletter.fetch.guard import Deadline, Guard, Resolve

CONNECTIONS, KEPT, KEPT_SECONDS = 100, 20, 5.0


class GuardedTransport(httpx2.BaseTransport):
    """A pool of its own for each degree of trust, so that no connection is shared between them."""

    def __init__(
        self,
        deadline: Deadline,
        resolve: Resolve,
        context: ssl.SSLContext,
        *,
        allow_private: bool,
    ) -> None:
        """Open nothing yet."""
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context,
            max_connections=CONNECTIONS,
            max_keepalive_connections=KEPT,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=Guard(deadline, resolve, allow_private=allow_private),
        )

    @override
    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Stream(answer.stream),
            extensions=answer.extensions,
        )

    @override
    def close(self) -> None:
        self._pool.close()


class _Stream(httpx2.SyncByteStream):
    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - a stream that can be closed
        self._inner: Iterable[bytes] = inner

    @override
    def __iter__(self) -> Iterator[bytes]:
        yield from self._inner

    @override
    def close(self) -> None:
        close = getattr(self._inner, "close", None)
        if close is not None:
            close()
