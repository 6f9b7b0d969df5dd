"""Serve sites on addresses of our own choosing, in threads, until asked to stop."""

import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import uvicorn
from fastapi import FastAPI

from newsletter.errors import NotAllowed

STOPS_WITHIN = 10.0
"""Seconds that open answers get to finish."""


@contextmanager
def serving(sites: Sequence[tuple[FastAPI, str]]) -> Iterator[None]:
    """Serve each site on its `host:port` while the context lasts.

    All ports are taken before the first site starts; raise NotAllowed when one is not free.
    """
    with ExitStack() as stack:
        taken = [(site, stack.enter_context(_listener(at))) for site, at in sites]
        for site, listener in taken:
            stack.enter_context(_served(site, listener))
        yield


def _listener(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    try:
        return socket.create_server((host.strip("[]"), int(port)), backlog=128)
    except OSError as error:
        msg = (
            f"cannot listen on {address}: {os.strerror(error.errno or 0)}. Another copy may be running;"
            " stop it, or choose other addresses under [web] in newsletter.toml."
        )
        raise NotAllowed(msg) from error


@contextmanager
def _served(site: FastAPI, listener: socket.socket) -> Iterator[None]:
    config = uvicorn.Config(
        site,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=3,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(STOPS_WITHIN)
