"""What stands before every page: the right Host, bounded bodies, strict headers, a quiet log."""

import ipaddress
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.app import App
from newsletter.settings.values import Network

BODY_LIMIT = 64 * 1024
HOOKS = "/hooks/"
"""Under here providers post what is larger; those routes bound it themselves."""

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
DESK_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data: https: http:; frame-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
_HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
}
_PORTS = {"http": 80, "https": 443}

log = structlog.get_logger()


def protect_public(site: FastAPI, app: App) -> None:
    """Let only requests for `publication.url` in, and give every answer the strict headers."""
    url = urlsplit(app.publication.url)
    hosts = _spellings(url.hostname or "", url.port, _PORTS.get(url.scheme, 443))
    secure = url.scheme == "https"
    _protect(site, hosts, POLICY, secure=secure)


def protect_desk(site: FastAPI, app: App) -> None:
    """Let only requests to this machine in: no other site's name may lead here (rebinding)."""
    port = int(app.settings.desk.rpartition(":")[2])
    hosts = {
        host
        for name in ("localhost", "127.0.0.1", "[::1]", app.settings.desk.rpartition(":")[0])
        for host in _spellings(name, port, 80)
    }
    _protect(site, hosts, DESK_POLICY, secure=False)


def network(request: Request, trusted: Sequence[Network]) -> str:
    """Return the network a request comes from: an IPv4 address, or an IPv6 /64.

    X-Forwarded-For is read from the right, and only as far as trusted proxies wrote it.
    """
    peer = request.client.host if request.client else ""
    lines = request.headers.getlist("x-forwarded-for")  # several lines are one list (RFC 9110, 5.3)
    hops = [hop.strip() for hop in ",".join(lines).split(",")]
    chain = [*(hop for hop in hops if hop), peer]
    known = peer
    for hop in reversed(chain):
        address = _address(hop)
        if address is None:
            break
        known = hop
        if not any(address in one for one in trusted):
            break
    return _network(known)


def _spellings(host: str, port: int | None, default: int) -> set[str]:
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host.lower()
    with_port = {f"{host}:{port or default}"}
    return with_port | {host} if port in {None, default} else with_port


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _network(text: str) -> str:
    address = _address(text)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address or "")


def _protect(site: FastAPI, hosts: set[str], policy: str, *, secure: bool) -> None:
    """Wrap a site; the last one added meets the request first."""
    site.add_middleware(BoundedBody)
    site.add_middleware(KnownHost, hosts=frozenset(hosts))
    site.add_middleware(StrictHeaders, policy=policy, secure=secure)
    site.add_middleware(QuietLog)


class KnownHost:
    """Refuse requests for any other host name (421): no link is built from it."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str]) -> None:
        """Wrap a site that answers to `hosts` only."""
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http":
            named = Headers(scope=scope).getlist("host")
            if len(named) != 1 or named[0].lower() not in self._hosts:
                refusal = PlainTextResponse("This address is not ours.\n", status_code=421)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _TooLarge(Exception):  # noqa: N818 - never leaves this module
    """More came in than was bounded."""


class BoundedBody:
    """Refuse bodies over 64 KB (413), whether they say so or not."""

    def __init__(self, app: ASGIApp, limit: int = BODY_LIMIT) -> None:
        """Wrap a site."""
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on while its body is small."""
        if scope["type"] != "http" or scope["path"].startswith(HOOKS):
            await self._app(scope, receive, send)
            return
        refusal = PlainTextResponse("This is more than fits here.\n", status_code=413)
        stated = Headers(scope=scope).get("content-length", "0")
        if not stated.isdecimal() or len(stated) > 12 or int(stated) > self._limit:  # noqa: PLR2004 - a number, not a novel
            await refusal(scope, receive, send)
            return
        answered = False

        async def watched(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, self._counted(receive), watched)
        except _TooLarge:
            if not answered:
                await refusal(scope, receive, send)

    def _counted(self, receive: Receive) -> Receive:
        total = 0

        async def counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > self._limit:
                raise _TooLarge
            return message

        return counted


class StrictHeaders:
    """Give every answer the strict headers; what a page sets itself stands."""

    def __init__(self, app: ASGIApp, policy: str, *, secure: bool) -> None:
        """Wrap a site."""
        self._app = app
        self._policy = policy
        self._frames = policy.rpartition("frame-ancestors ")[2]
        self._secure = secure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, with headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def strict(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(MutableHeaders(scope=message))
            await send(message)

        await self._app(scope, receive, strict)

    def _add(self, headers: MutableHeaders) -> None:
        for name, value in _HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", "no-store")
        own = headers.setdefault("Content-Security-Policy", self._policy)
        if "frame-ancestors" not in own:
            own = f"{own}; frame-ancestors {self._frames}"
            headers["Content-Security-Policy"] = own
        if f"frame-ancestors {self._frames}" in own:
            headers.setdefault(
                "X-Frame-Options", "SAMEORIGIN" if self._frames == "'self'" else "DENY"
            )
        if self._secure:
            headers.setdefault("Strict-Transport-Security", "max-age=31536000")


class QuietLog:
    """Log each answer once, by the first part of its path: the rest may be a token."""

    def __init__(self, app: ASGIApp, clock: Callable[[], float] = time.perf_counter) -> None:
        """Wrap a site; `clock` only measures how long an answer took."""
        self._app = app
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and note that it was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = self._clock()
        status = 500

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            log.info(
                "answered",
                method=scope["method"],
                page=page_name(scope["path"]),
                status=status,
                ms=round((self._clock() - began) * 1000, 1),
            )


def page_name(path: str) -> str:
    """Return the first part of a path, by which a log may call it."""
    first = path.strip("/").split("/", 1)[0]
    return "/" + (first if first.isascii() and len(first) <= 24 else "…")  # noqa: PLR2004 - no page of ours is called longer
