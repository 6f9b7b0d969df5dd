"""Serve sites on the configured addresses, in threads, until asked to stop."""

import asyncio
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

import uvicorn
from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from newsletter.errors import NotAllowed
from newsletter.web.headers import PUBLIC, StrictHeaders, add_strict

STOPS_WITHIN = 10.0
"""Seconds that open answers get to finish."""
HEAD_WITHIN = 10.0
"""Seconds in which the head of a request must arrive."""
CONNECTIONS = 512
"""Open connections before a server answers 503."""
BUSY = StrictHeaders(
    PlainTextResponse("Too many connections are open. Please try again.\n", status_code=503),
    PUBLIC,
    secure=False,
)


class BoundedProtocol(H11Protocol):
    """Close connections whose request never completes; give uvicorn's own answers our headers.

    uvicorn times out idle connections only between requests: one that opens and sends nothing, or
    half a request, would stay open for good.
    """

    _head_timer: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn narrows it
        """Expect the head of the first request."""
        super().connection_made(transport)
        self._expect_head()

    @override
    def data_received(self, data: bytes) -> None:
        """Read on, and expect the rest of a head that is not complete."""
        if len(self.connections) > CONNECTIONS:
            self.app = BUSY
        super().data_received(data)
        # uvicorn starts with None, although it declares otherwise
        if self.cycle is None or self.cycle.response_complete:  # type: ignore[redundant-expr]
            self._expect_head()
        else:
            self._cancel_head_timer()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the timer."""
        self._cancel_head_timer()
        super().connection_lost(exc)

    @override
    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, with the headers of every other answer."""
        body = f"{msg}\n".encode("ascii", "replace")
        headers = MutableHeaders({"content-type": "text/plain; charset=utf-8"})
        headers["content-length"] = str(len(body))
        headers["connection"] = "close"
        add_strict(headers, PUBLIC, secure=False)
        lines = [
            b"HTTP/1.1 400 Bad Request",
            *(name + b": " + value for name, value in headers.raw),
        ]
        self.transport.write(b"\r\n".join([*lines, b"", body]))
        self.transport.close()

    def _expect_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_WITHIN, self.transport.close)

    def _cancel_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None


class _WaitingServer(uvicorn.Server):
    """Waits to be stopped; uvicorn looks ten times a second whether it should, in each server."""

    _loop: asyncio.AbstractEventLoop | None = None

    @override
    async def main_loop(self) -> None:
        """Wait, and renew the Date of answers every second."""
        self._stopping, self._loop = asyncio.Event(), asyncio.get_running_loop()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 1.0)

    def stop(self) -> None:
        """End the server, from another thread."""
        self.should_exit = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)


@contextmanager
def serving(sites: Sequence[tuple[FastAPI, str]]) -> Iterator[None]:
    """Serve each site on its `host:port` while the context lasts.

    All ports are bound before the first site starts; raise NotAllowed if one is not free.
    """
    with ExitStack() as stack:
        bound = [(site, stack.enter_context(_listener(address))) for site, address in sites]
        for site, listener in bound:
            stack.enter_context(_served(site, listener))
        yield


def _listener(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host.strip("[]"), int(port)), family=family, backlog=128)
    except OSError as error:
        msg = (
            f"cannot listen on {address}: {os.strerror(error.errno or 0)}. If another copy is"
            " running, stop it, or choose other addresses under [web] in newsletter.toml."
        )
        raise NotAllowed(msg) from error


@contextmanager
def _served(site: FastAPI, listener: socket.socket) -> Iterator[None]:
    config = uvicorn.Config(
        site,
        http=BoundedProtocol,
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
    )
    server = _WaitingServer(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.stop()
        thread.join(STOPS_WITHIN)
