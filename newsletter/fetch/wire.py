"""Make one HTTP request over a guarded connection, and say in words what goes wrong below HTTP."""

import ssl
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import httpcore2
import httpx2
from typing_extensions import override

from newsletter.errors import FetchFailed
from newsletter.fetch.guard import Deadline, Guard, Resolve, Trust

CONNECTIONS, KEPT, KEPT_SECONDS = 100, 20, 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How long one request may take in all and in each step, and how long a host rests between."""

    total_seconds: float = 20.0
    step_seconds: float = 10.0
    rest_seconds: float = 0.5


@dataclass(frozen=True, slots=True)
class Answer:
    """The head of an answer; `parts` is its body as it arrives, still encoded."""

    status: int
    headers: Mapping[str, str]
    parts: Iterable[bytes]


class Wire:
    """One client for each degree of trust; no cookies, no proxies, no redirects."""

    def __init__(self, limits: Limits, resolve: Resolve, agent: str, accepted: str) -> None:
        """Open nothing yet."""
        self._limits = limits
        self._deadline = Deadline()
        context = ssl.create_default_context()
        self._clients = {
            trust: httpx2.Client(
                transport=GuardedTransport(self._deadline, resolve, context, trust),
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                headers={"User-Agent": agent, "Accept-Encoding": accepted},
                timeout=limits.step_seconds,
                trust_env=False,
            )
            for trust in Trust
        }

    def close(self) -> None:
        """Give back the connections."""
        for client in self._clients.values():
            client.close()

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str], trust: Trust) -> Iterator[Answer]:
        """Yield the answer to a GET; raises FetchFailed with the reason, also while it is read."""
        self._deadline.start(self._limits.total_seconds)
        try:
            with self._clients[trust].stream("GET", url, headers=dict(headers)) as response:
                yield Answer(response.status_code, response.headers, response.iter_raw())
        except (httpx2.TimeoutException, httpcore2.TimeoutException) as error:
            raise FetchFailed(self._slow(error)) from error
        except (httpx2.HTTPError, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise FetchFailed(_spoken(error)) from error
        except (httpx2.InvalidURL, httpcore2.UnsupportedProtocol) as error:
            msg = f"not an address that can be fetched: {url[:80]}"
            raise FetchFailed(msg) from error

    def _slow(self, error: Exception) -> str:
        if time.monotonic() >= self._deadline.at - 0.05:
            return f"too slow: not finished after {self._limits.total_seconds:g} s"
        if isinstance(error, (httpx2.ConnectTimeout, httpcore2.ConnectTimeout)):
            return "does not accept a connection in time"
        return f"does not answer within {self._limits.step_seconds:g} s"


def _spoken(error: Exception) -> str:
    """Say in words what went wrong below HTTP."""
    text = str(error)
    if "CERTIFICATE" in text.upper():
        return f"its certificate is not valid ({text.rpartition(': ')[2][:80]})"
    if "refused" in text.lower():
        return "refuses the connection"
    if isinstance(error, (httpx2.ConnectError, httpcore2.ConnectError)):
        return f"cannot be reached ({text[:80]})"
    return f"breaks the connection off ({text[:80] or type(error).__name__})"


class GuardedTransport(httpx2.BaseTransport):
    """A pool of its own for each degree of trust, so that no connection is shared between them."""

    def __init__(
        self,
        deadline: Deadline,
        resolve: Resolve,
        context: ssl.SSLContext,
        trust: Trust,
    ) -> None:
        """Open nothing yet."""
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context,
            max_connections=CONNECTIONS,
            max_keepalive_connections=KEPT,
            keepalive_expiry=KEPT_SECONDS,
            network_backend=Guard(deadline, resolve, trust),
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
