"""Count clicks and opens on our own pages: lead on at once, and record it afterwards.

A click leads only to an address that was frozen with the edition of its ticket, never to one that
the request names. GET records a number and changes nothing else.
"""

import base64
import threading
from collections import deque
from collections.abc import Callable, Sequence

import sqlalchemy as sa
import structlog
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from starlette.background import BackgroundTask

from newsletter.app import App
from newsletter.model.engagement import Hit
from newsletter.model.event import EventKind
from newsletter.model.ticket import Ticket
from newsletter.store.content import edition_links
from newsletter.usecases import engagements
from newsletter.web.public.pages import Pages
from subscribers.tokens import bare

MOST_WAITING = 10_000
AT_ONCE = 500
PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
"""A transparent GIF of one pixel."""
_LONGEST_NUMBER = 6
_LONGEST_AGENT = 512

log = structlog.get_logger()


class Recorder:
    """Records hits after they are answered, one transaction at a time.

    What cannot be recorded is not counted: neither a busy database nor a flood of requests delays
    a reader.
    """

    def __init__(self, record: Callable[[Sequence[Hit]], object]) -> None:
        """Take what stores a number of hits."""
        self._record = record
        self._waiting: deque[Hit] = deque(maxlen=MOST_WAITING)
        self._writing = threading.Lock()

    def add(self, hit: Hit) -> None:
        """Keep a hit until `flush`; the oldest are dropped if too many wait."""
        self._waiting.append(hit)

    def flush(self) -> None:
        """Record what waits, unless another thread is doing that: it takes these hits too."""
        while self._waiting and self._writing.acquire(blocking=False):
            try:
                self._flush_some()
            finally:
                self._writing.release()

    def _flush_some(self) -> None:
        hits = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
        try:
            self._record(hits)
        except sa.exc.SQLAlchemyError:
            log.exception("opens and clicks not counted", number=len(hits))


class CountingPages:
    """The counted links and the image over one opened publication."""

    def __init__(self, app: App, pages: Pages) -> None:
        """Take the opened publication."""
        self._app = app
        self._pages = pages
        self._recorder = Recorder(lambda hits: engagements.receive(app.context, hits))

    def click(self, request: Request, ticket: str, number: str) -> Response:
        """Lead to the address of a link; show a page if the ticket or the link is not known."""
        known, link = self._app.tickets.read(ticket), _number(bare(number))
        if known is None or link is None:
            return self._pages.incomplete(request)
        with self._app.reader.connect() as connection:
            url = edition_links.target(connection, known.edition_id, link)
        answer = RedirectResponse(url, 302) if url else self._pages.incomplete(request)
        if url or link == 0:
            answer.background = self._noted(request, known, EventKind.CLICKED, link)
        return answer

    def canary(self, request: Request) -> Response:
        """Answer the hidden link of emails whose clicks the provider counts."""
        return self._pages.incomplete(request)

    def pixel(self, request: Request, name: str) -> Response:
        """Return the image, whether the ticket is known or not."""
        answer = Response(PIXEL, media_type="image/gif")
        answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        known = self._app.tickets.read(name.removesuffix(".gif"))
        if known is not None:
            answer.background = self._noted(request, known, EventKind.OPENED)
        return answer

    def _noted(
        self, request: Request, ticket: Ticket, kind: EventKind, link: int = 0
    ) -> BackgroundTask:
        agent = request.headers.get("user-agent", "")[:_LONGEST_AGENT]
        hit = Hit(ticket, kind, self._app.now(), link, agent, request.method == "HEAD")
        self._recorder.add(hit)
        return BackgroundTask(self._recorder.flush)


def counting_routes(app: App) -> APIRouter:
    """Return the routes of what is counted."""
    pages = CountingPages(app, Pages(app))
    router = APIRouter()
    for path, page in (
        ("/c/0", pages.canary),
        ("/c/{ticket}/{number}", pages.click),
        ("/o/{name}", pages.pixel),
    ):
        router.add_api_route(path, page, methods=["GET", "HEAD"], response_model=None)
    return router


def _number(text: str) -> int | None:
    """Return the number of a link, or None if it is not one."""
    plain = text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER
    return int(text) if plain else None
