"""Make an HTTP request over a guarded connection, and describe connection errors."""

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
from newsletter.fetch.guard import FetchDeadline, Guard, Resolve, Trust
from subscribers.phrase import Phrase, without

CONNECTIONS, KEPT, KEPT_SECONDS = 100, 20, 5.0
POST_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Time limits of a request, in total and per step, and the rest between requests to a host."""

    total_seconds: float = 20.0
    step_seconds: float = 10.0
    rest_seconds: float = 0.5


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """The head of a response. `parts` is its body as it arrives, still encoded."""

    status: int
    headers: Mapping[str, str]
    parts: Iterable[bytes]


class Wire:
    """A client for each level of trust, without cookies, proxies and redirects."""

    def __init__(self, limits: FetchLimits, resolve: Resolve, agent: str, accepted: str) -> None:
        """Open no connection yet."""
        self._limits = limits
        self._deadline = FetchDeadline()
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
        """Close the connections."""
        for client in self._clients.values():
            client.close()

    @contextmanager
    def get(self, url: str, headers: Mapping[str, str], trust: Trust) -> Iterator[WireAnswer]:
        """Yield the response to a GET. Raises FetchFailed, also while the body is read."""
        self._deadline.start(self._limits.total_seconds)
        try:
            with self._clients[trust].stream("GET", url, headers=dict(headers)) as response:
                yield WireAnswer(response.status_code, response.headers, response.iter_raw())
        except (httpx2.TimeoutException, httpcore2.TimeoutException) as error:
            raise FetchFailed(self._slow(error)) from error
        except (httpx2.HTTPError, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
            raise FetchFailed(_describe(error)) from error
        except (httpx2.InvalidURL, httpcore2.UnsupportedProtocol) as error:
            msg = Phrase("not a valid address: {url}", url=url[:80])
            raise FetchFailed(msg) from error

    def _slow(self, error: Exception) -> str:
        if time.monotonic() >= self._deadline.at - 0.05:
            return Phrase(
                "too slow: not finished after {seconds:g} s", seconds=self._limits.total_seconds
            )
        if isinstance(error, (httpx2.ConnectTimeout, httpcore2.ConnectTimeout)):
            return Phrase("does not accept the connection in time")
        return Phrase("does not answer within {seconds:g} s", seconds=self._limits.step_seconds)


def post(url: str, body: bytes = b"", content_type: str = "text/plain") -> str:
    """Post to an address that the operator configured, following no redirect.

    Returns what went wrong, or an empty text. The address may be secret, so it is not in the text.
    """
    headers = {"Content-Type": content_type}
    return _asked(httpx2.Request("POST", url, content=body, headers=headers))


def get(url: str) -> str:
    """Request a page of this program's own site, as `post` does."""
    return _asked(httpx2.Request("GET", url))


def read(url: str, headers: Mapping[str, str]) -> tuple[str, str]:
    """Return the text of such a page, and what went wrong."""
    return _answered(httpx2.Request("GET", url, headers=dict(headers)))


def _asked(request: httpx2.Request) -> str:
    return _answered(request)[1]


def _answered(request: httpx2.Request) -> tuple[str, str]:
    # The machine's certificates, and those that SSL_CERT_FILE names: an internal authority's.
    context = ssl.create_default_context()
    try:
        with httpx2.Client(timeout=POST_SECONDS, trust_env=False, verify=context) as client:
            answer = client.send(request)
    except httpx2.TimeoutException:
        return "", Phrase("does not answer within {seconds:g} s", seconds=POST_SECONDS)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        return "", without(_describe(error), str(request.url), "the address")
    if answer.is_success:
        return answer.text, ""
    return answer.text, Phrase("answers {status}", status=answer.status_code)


def _describe(error: Exception) -> str:
    """Describe a connection error."""
    text = str(error)
    if "CERTIFICATE" in text.upper():
        return Phrase("its certificate is not valid ({why})", why=text.rpartition(": ")[2][:80])
    if "refused" in text.lower():
        return Phrase("refuses the connection")
    if isinstance(error, (httpx2.ConnectError, httpcore2.ConnectError)):
        return Phrase("cannot be reached ({why})", why=text[:80])
    why = text[:80] or Phrase("no reason given")
    return Phrase("closes the connection ({why})", why=why)


class GuardedTransport(httpx2.BaseTransport):
    """A separate pool for each level of trust, so that they share no connection."""

    def __init__(
        self,
        deadline: FetchDeadline,
        resolve: Resolve,
        context: ssl.SSLContext,
        trust: Trust,
    ) -> None:
        """Open no connection yet."""
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
