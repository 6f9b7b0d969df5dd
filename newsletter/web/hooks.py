"""Where providers post what became of the emails: verify, store as it came, answer."""

import asyncio

import structlog
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response

from newsletter.app import App
from newsletter.esp.sendgrid.events import PROVIDER, SIGNATURE, TIMESTAMP, Verifier
from newsletter.usecases import events

LARGEST = 2 * 1024 * 1024
"""Bytes of a request; SendGrid posts at most 768 KB."""
WITHIN = 20.0
"""Seconds in which a whole request must arrive."""

log = structlog.get_logger()


class _Unacceptable(Exception):  # noqa: N818 - never leaves this module
    """The body was too large or too slow."""


def hook_routes(app: App) -> APIRouter:
    """Return the routes for providers' events; none for a provider without a key."""
    router = APIRouter()
    if key := app.settings.sendgrid_webhook_public_key:
        _sendgrid(router, app, Verifier(key))
    return router


def _sendgrid(router: APIRouter, app: App, verifier: Verifier) -> None:
    @router.post("/hooks/sendgrid", response_model=None)
    async def receive(request: Request) -> Response:
        """Answer 204 only after the events are on the disk: SendGrid repeats until then."""
        try:
            body = await _read(request)
        except _Unacceptable:
            return PlainTextResponse("The request is too large or too slow.\n", status_code=413)
        signature = request.headers.get(SIGNATURE, "")
        timestamp = request.headers.get(TIMESTAMP, "")
        if not verifier.genuine(body, signature, timestamp, app.now()):
            log.warning("events refused", provider=PROVIDER, bytes=len(body))
            return PlainTextResponse("The signature is not valid.\n", status_code=403)
        await run_in_threadpool(lambda: events.receive(app.context, PROVIDER, body))
        return Response(status_code=204)


async def _read(request: Request) -> bytes:
    """Return the raw body: the signature covers every byte of it."""
    body = bytearray()
    try:
        async with asyncio.timeout(WITHIN):
            async for piece in request.stream():
                body += piece
                if len(body) > LARGEST:
                    raise _Unacceptable
    except TimeoutError as error:
        raise _Unacceptable from error
    return bytes(body)
