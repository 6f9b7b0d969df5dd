"""What every request passes before a page: the right host and peer, bounded bodies, a quiet log."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from newsletter.app import App
from newsletter.web import headers
from newsletter.web.headers import StrictHeaders, add_strict
from newsletter.web.origin import parse_address

BODY_LIMIT = 64 * 1024
DESK_BODY_LIMIT = 512 * 1024
"""A form of the desk sends texts as they were and as they are, with up to 9 bytes a character."""
BODY_WITHIN = 20.0
"""Seconds in which a whole body must arrive."""
HOOKS = "/hooks/"
"""Providers post larger bodies under this path; those routes bound them."""
_PORTS = {"http": 80, "https": 443}
_LONGEST_LENGTH = 12
"""Digits of a Content-Length that is worth reading."""
_LONGEST_NAME = 24
"""No page has a longer name."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """How large a body may be, and in how many seconds it must arrive."""

    size: int = BODY_LIMIT
    within: float = BODY_WITHIN


UPLOADS = {"/people/imports": BodyLimits(64 * 1024 * 1024, 300.0)}
"""Paths of the desk that take a list, after the visitor has been admitted."""


def protect_public(site: FastAPI, app: App) -> None:
    """Admit only requests for the public pages, and give every answer the strict headers.

    What emails link to under one of the former addresses leads to the present one.
    """
    site.add_middleware(BoundedBody)
    url = app.publication.url
    hosts, former = (
        _hosts(url),
        set().union(*map(_hosts, app.publication.former_urls)) - _hosts(url),
    )
    site.add_middleware(FormerHost, hosts=frozenset(former), url=url)
    secure = urlsplit(url).scheme == "https"
    _protect(site, hosts | former, headers.PUBLIC, app, secure=secure)


def protect_desk(site: FastAPI, app: App) -> None:
    """Admit only requests from and to this machine, and those that a proxy passes to `desk_url`.

    The host is checked too: another site's name may resolve to a loopback address (DNS rebinding).
    """
    address, _, port = app.settings.desk.rpartition(":")
    hosts = {
        host
        for name in ("localhost", "127.0.0.1", "[::1]", address)
        for host in _spellings(name, int(port), 80)
    }
    url = urlsplit(app.settings.desk_url)
    if url.hostname:
        hosts |= _spellings(url.hostname, url.port, 443)
    site.add_middleware(LoopbackPeer)
    site.add_middleware(BoundedBody, limits=BodyLimits(DESK_BODY_LIMIT), larger=UPLOADS)
    _protect(site, hosts, headers.DESK, app, secure=url.scheme == "https")


def _hosts(address: str) -> set[str]:
    url = urlsplit(address)
    return _spellings(url.hostname or "", url.port, _PORTS.get(url.scheme, 443))


def _spellings(host: str, port: int | None, default: int) -> set[str]:
    host = f"[{host}]" if ":" in host and not host.startswith("[") else host.lower()
    with_port = {f"{host}:{port or default}"}
    return with_port | {host} if port in {None, default} else with_port


def _protect(site: FastAPI, hosts: set[str], policy: str, app: App, *, secure: bool) -> None:
    """Wrap a site. The middleware that is added last sees the request first."""
    site.add_middleware(KnownHost, hosts=frozenset(hosts))
    site.add_middleware(StrictHeaders, site_policy=policy, secure=secure)
    site.add_middleware(QuietLog, new_id=app.new_id)

    def failure(_request: Request, _error: Exception) -> Response:
        # Starlette answers unexpected errors outside all middleware: add the headers here.
        answer = PlainTextResponse("Something went wrong. Please try again.\n", status_code=500)
        add_strict(answer.headers, policy, secure=secure)
        return answer

    site.add_exception_handler(Exception, failure)


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
                refusal = PlainTextResponse("There is no such site here.\n", status_code=421)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


class FormerHost:
    """Lead visitors of a former address to the present one.

    Other requests are answered in place: no provider follows a redirect to unsubscribe a reader.
    """

    def __init__(self, app: ASGIApp, hosts: frozenset[str], url: str) -> None:
        """Wrap a site that is at `url` now."""
        self._app = app
        self._hosts = hosts
        self._url = url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or redirect it."""
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
            asked = Request(scope)
            if asked.headers.get("host", "").lower() in self._hosts:
                query = f"?{asked.url.query}" if asked.url.query else ""
                there = f"{self._url}{asked.url.path}{query}"
                await RedirectResponse(there, 308)(scope, receive, send)
                return
        await self._app(scope, receive, send)


class LoopbackPeer:
    """Refuse peers on other machines (403), even if a proxy or a port mapping lets them in."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap a site."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request from this machine on."""
        if scope["type"] == "http":
            client = scope.get("client")
            peer = parse_address(client[0]) if client else None
            if peer is None or not peer.is_loopback:
                refusal = PlainTextResponse("The desk is for this machine only.\n", status_code=403)
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)


class _TooLarge(Exception):  # noqa: N818 - never leaves this module
    """More came in than the limit."""


class _TooSlow(Exception):  # noqa: N818 - never leaves this module
    """The body did not arrive in time."""


class BoundedBody:
    """Refuse bodies over a limit (413), stated or not, and bodies that take too long (408)."""

    def __init__(
        self,
        app: ASGIApp,
        limits: BodyLimits = BodyLimits(),
        larger: Mapping[str, BodyLimits] | None = None,
    ) -> None:
        """Wrap a site; `larger` are limits of single paths."""
        self._app = app
        self._limits = limits
        self._larger = larger or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on while its body is small and arrives in time."""
        if scope["type"] != "http" or scope["path"].startswith(HOOKS):
            await self._app(scope, receive, send)
            return
        too_large = PlainTextResponse("The request is too large.\n", status_code=413)
        stated = Headers(scope=scope).get("content-length", "0")
        readable = stated.isdecimal() and len(stated) <= _LONGEST_LENGTH
        limits = self._larger.get(scope["path"], self._limits)
        if not readable or int(stated) > limits.size:
            await too_large(scope, receive, send)
            return
        answered = False

        async def watched(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self._app(scope, _bounded(receive, limits), watched)
        except _TooLarge:
            if not answered:
                await too_large(scope, receive, send)
        except _TooSlow:
            if not answered:
                too_slow = PlainTextResponse("The request took too long.\n", status_code=408)
                await too_slow(scope, receive, send)


def _bounded(receive: Receive, limits: BodyLimits) -> Receive:
    total = 0
    complete = False
    deadline = asyncio.get_running_loop().time() + limits.within

    async def bounded() -> Message:
        nonlocal total, complete
        if complete:  # what is left to receive is the disconnect, which may take long
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError as error:
            raise _TooSlow from error
        total += len(message.get("body", b""))
        complete = not message.get("more_body", False)
        if total > limits.size:
            raise _TooLarge
        return message

    return bounded


class QuietLog:
    """Log each answer once, with only the first part of its path: the rest may be a token.

    All lines that are logged for one request carry the same `request_id`.
    """

    def __init__(
        self,
        app: ASGIApp,
        new_id: Callable[[], str],
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Wrap a site; `clock` only measures how long an answer took."""
        self._app = app
        self._new_id = new_id
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and log that it was answered."""
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

        with structlog.contextvars.bound_contextvars(request_id=self._new_id()[:12]):
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
    """Return the first part of a path, as the log names a page."""
    first = path.strip("/").split("/", 1)[0]
    return "/" + (first if first.isascii() and len(first) <= _LONGEST_NAME else "…")
