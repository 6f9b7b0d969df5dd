"""Fetch documents: politely, with limits on time and size, and never from private networks."""

import random
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Protocol
from urllib.parse import urljoin, urlsplit

from newsletter.errors import FetchFailed
from newsletter.fetch.decoding import ACCEPTED, read_body
from newsletter.fetch.guard import PrivateAddress, Resolve, Trust, system_resolve
from newsletter.fetch.hosts import Hosts, Reserve, freely
from newsletter.fetch.robots import EVERYTHING, NOTHING, Robots, read_robots
from newsletter.fetch.wire import FetchLimits, Wire, WireAnswer
from subscribers.phrase import Phrase

Clock = Callable[[], datetime]

PRODUCT = "newsletter"
MOST_REDIRECTS = 5
REDIRECTS_WITHIN = 3
"""All redirects together may take this many times the limit of one request."""
LONGEST_FRESH = 86_400
LONGEST_WAIT = 7 * 86_400
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PERMANENT = frozenset({301, 308})
_MAX_AGE = re.compile(r"\bmax-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([A-Za-z0-9_.:-]+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """What to fetch. `etag` and `last_modified` are sent back as the server gave them.

    With `is_page`, robots.txt is checked first. `private_origin` is the only scheme, host and
    port (as `origin` returns it) for which private addresses are allowed. With `first_bytes`,
    only the beginning of the document is read; with `head_only`, the body is not read at all.
    """

    url: str
    etag: str = ""
    last_modified: str = ""
    accept: str = ""
    is_page: bool = False
    private_origin: str = ""
    first_bytes: int = 0
    max_bytes: int = 15_000_000
    head_only: bool = False


@dataclass(frozen=True, slots=True)
class Fetched:
    """A complete response, decoded. `url` is the address after all redirects.

    `moved_to` is set if all redirects up to that address were permanent. `fresh_seconds` is how
    long the server considers the response fresh.
    """

    url: str
    status: int
    body: bytes
    content_type: str = ""
    charset: str = ""
    etag: str = ""
    last_modified: str = ""
    moved_to: str = ""
    fresh_seconds: int = 0


@dataclass(frozen=True, slots=True)
class NotModified:
    """The server answered that the document has not changed."""

    url: str
    moved_to: str = ""
    fresh_seconds: int = 0


class Fetcher(Protocol):
    """Fetches documents. Raises FetchFailed with a reason for people to read."""

    def fetch(self, request: FetchRequest) -> Fetched | NotModified: ...

    def close(self) -> None: ...


def open_fetcher(
    clock: Clock,
    rng: random.Random,
    *,
    limits: FetchLimits | None = None,
    resolve: Resolve = system_resolve,
    agent: str = "",
    reserve: Reserve = freely,
) -> "PoliteClient":
    """Open the client that fetches all documents. Close it when done.

    `reserve` keeps other processes from a host while this one makes a request to it.
    """
    limits = limits or FetchLimits()
    hosts = Hosts(clock, rng, limits.rest_seconds, reserve)
    return PoliteClient(clock, hosts, limits, resolve, agent or _agent())


def _agent() -> str:
    try:
        return f"{PRODUCT}/{version(PRODUCT)} (feed and article collector)"
    except PackageNotFoundError:
        return f"{PRODUCT} (feed and article collector)"


class PoliteClient:
    """A client that respects robots.txt and rests between requests. Safe to use from threads."""

    def __init__(
        self, clock: Clock, hosts: Hosts, limits: FetchLimits, resolve: Resolve, agent: str
    ) -> None:
        """Open no connection yet."""
        self._clock = clock
        self._limits = limits
        self._hosts = hosts
        self._robots: dict[tuple[str, Trust], Robots] = {}
        self._wire = Wire(limits, resolve, agent, ACCEPTED)

    def close(self) -> None:
        """Close the connections."""
        self._wire.close()

    def fetch(self, request: FetchRequest) -> Fetched | NotModified:
        """Fetch a document with at most five redirects. Raises FetchFailed with the reason."""
        url, moved_to, permanent = request.url, "", True
        visited: set[str] = set()
        deadline = time.monotonic() + REDIRECTS_WITHIN * self._limits.total_seconds
        for _ in range(MOST_REDIRECTS + 1):
            _check_address(url)
            if url in visited:
                msg = Phrase("redirects in a loop")
                raise FetchFailed(msg)
            visited.add(url)
            trust = _trust(request, url)
            if request.is_page and not self._allowed(url, request, trust):
                msg = Phrase("robots.txt disallows it")
                raise FetchFailed(msg)
            answer = self._guarded(replace(request, url=url), trust)
            if not isinstance(answer, _Redirect):
                return replace(answer, moved_to=moved_to)
            permanent = permanent and answer.permanent
            if time.monotonic() >= deadline:
                msg = Phrase("too slow: its redirects take too long")
                raise FetchFailed(msg)
            url = answer.url
            moved_to = url if permanent else moved_to
        msg = Phrase("more than {most} redirects", most=MOST_REDIRECTS)
        raise FetchFailed(msg)

    def _allowed(self, url: str, request: FetchRequest, trust: Trust) -> bool:
        """Check the host's robots.txt, read once. Without one everything is allowed."""
        parts = urlsplit(url)
        place = (f"{parts.scheme}://{parts.netloc}", trust)
        if place not in self._robots:
            self._robots[place] = self._read_robots(place[0], trust, request)
        rules = self._robots[place]
        if rules.delay:
            self._hosts.slow_down(parts.netloc, rules.delay)
        return rules.allows(url)

    def _read_robots(self, site: str, trust: Trust, request: FetchRequest) -> Robots:
        opened = request.private_origin if trust is Trust.INSIDE else ""
        asked = FetchRequest(f"{site}/robots.txt", private_origin=opened)
        try:
            answer = self.fetch(replace(asked, max_bytes=2_000_000))
        except FetchFailed as error:
            if 400 <= error.status < 500 and error.status != 429:  # noqa: PLR2004 - RFC 9309 2.3.1.3
                return EVERYTHING
            if error.status:
                return NOTHING
            raise
        return read_robots(answer.body, PRODUCT) if isinstance(answer, Fetched) else EVERYTHING

    def _guarded(self, request: FetchRequest, trust: Trust) -> "Fetched | NotModified | _Redirect":
        """Make a request, and say what allows a private address if it is refused."""
        try:
            return self._once(request, trust)
        except PrivateAddress as error:
            place = origin(request.url)
            msg = f'{error}; only a source with url = "{place}/…" and allow_private = true opens it'
            raise PrivateAddress(msg) from error

    def _once(self, request: FetchRequest, trust: Trust) -> "Fetched | NotModified | _Redirect":
        """Make a request when it is the host's turn."""
        host = urlsplit(request.url).netloc.lower()
        with (
            self._hosts.turn(host, rested=request.is_page, internal=trust is Trust.INSIDE),
            self._wire.get(request.url, _headers(request), trust) as answer,
        ):
            status, headers = answer.status, answer.headers
            if status in _REDIRECTS and headers.get("location"):
                target = _target(request.url, headers["location"])
                return _Redirect(target, status in _PERMANENT)
            fresh = _fresh_seconds(headers, self._clock())
            if status == 304 and (request.etag or request.last_modified):  # noqa: PLR2004
                return NotModified(request.url, fresh_seconds=fresh)
            if status != 200:  # noqa: PLR2004
                raise self._refused(request, status, headers)
            body = b"" if request.head_only else _body(request, answer)
        kind = headers.get("content-type", "")
        charset = _CHARSET.search(kind)
        return Fetched(
            url=request.url,
            status=status,
            body=body,
            content_type=kind.partition(";")[0].strip().lower(),
            charset=charset.group(1) if charset else "",
            etag=headers.get("etag", ""),
            last_modified=headers.get("last-modified", ""),
            fresh_seconds=fresh,
        )

    def _refused(
        self, request: FetchRequest, status: int, headers: Mapping[str, str]
    ) -> FetchFailed:
        """Return the error for a response without content.

        After 429 or 503 for a page, no more pages of the host are fetched for a while. After the
        same response to a feed only that feed waits: other feeds have their own next check.
        """
        wait = _retry_after(headers.get("retry-after", ""), self._clock())
        if status in {429, 503} and request.is_page:
            self._hosts.rest(urlsplit(request.url).netloc.lower(), wait or 60)
        if headers.get("cf-mitigated"):
            reason = Phrase("answers with a browser challenge ({status})", status=status)
        else:
            reason = Phrase("answers {status}", status=status)
            if named := _STATUS_WORDS.get(status):
                reason = Phrase("{answer} ({named})", answer=reason, named=named)
        return FetchFailed(reason, status=status, retry_after_seconds=wait)


def _body(request: FetchRequest, answer: WireAnswer) -> bytes:
    encoding = answer.headers.get("content-encoding", "")
    return read_body(answer.parts, encoding, request.max_bytes, first=request.first_bytes)


@dataclass(frozen=True, slots=True)
class _Redirect:
    url: str
    permanent: bool


def origin(url: str) -> str:
    """Return scheme, host and port of an address, or an empty string if it is not valid."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme.lower(), 0)
    except ValueError:
        return ""
    return f"{parts.scheme.lower()}://{(parts.hostname or '').lower()}:{port}"


def _trust(request: FetchRequest, url: str) -> Trust:
    """Return the trust for `url`: what a feed or a redirect names comes from outside."""
    opened = request.private_origin and origin(url) == request.private_origin
    return Trust.INSIDE if opened else Trust.OUTSIDE


_STATUS_WORDS = {
    401: Phrase("requires a password"),
    402: Phrase("requires payment"),
    403: Phrase("forbidden"),
    404: Phrase("not found"),
    410: Phrase("gone"),
    429: Phrase("too many requests"),
    451: Phrase("unavailable for legal reasons"),
    500: Phrase("server error"),
    502: Phrase("server error"),
    503: Phrase("temporarily unavailable"),
    504: Phrase("server error"),
}


def _check_address(url: str) -> None:
    try:
        url.encode()
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:  # half a surrogate pair, or half an IPv6 address
        parts, host = urlsplit(""), None
    if parts.scheme.lower() not in {"http", "https"} or not host:
        shown = url[:80].encode(errors="backslashreplace").decode()
        msg = Phrase("not fetched: {shown} is not an http or https address", shown=shown)
        raise FetchFailed(msg)


def _target(url: str, location: str) -> str:
    """Return the address that a redirect from `url` leads to."""
    try:
        return urljoin(url, location)
    except ValueError as error:
        msg = Phrase("redirects to an address that is not valid")
        raise FetchFailed(msg) from error


def _headers(request: FetchRequest) -> dict[str, str]:
    wanted = {
        "Accept": request.accept or "*/*",
        "If-None-Match": request.etag,
        "If-Modified-Since": request.last_modified,
    }
    return {name: value for name, value in wanted.items() if value}


def _fresh_seconds(headers: Mapping[str, str], now: datetime) -> int:
    """Return how long the response is fresh, at most a day."""
    control = headers.get("cache-control", "")
    if "no-cache" in control or "no-store" in control:
        return 0
    if found := _MAX_AGE.search(control):
        return min(int(found.group(1)), LONGEST_FRESH)
    expires = _http_date(headers.get("expires", ""))
    sent = _http_date(headers.get("date", "")) or now
    return min(max(int((expires - sent).total_seconds()), 0), LONGEST_FRESH) if expires else 0


def _retry_after(text: str, now: datetime) -> int:
    """Read Retry-After, in seconds or as a date. Returns 0 without the header."""
    if text.strip().isdecimal():
        return min(int(text.strip()[:9]), LONGEST_WAIT)
    when = _http_date(text)
    return min(max(int((when - now).total_seconds()), 0), LONGEST_WAIT) if when else 0


def _http_date(text: str) -> datetime | None:
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)
