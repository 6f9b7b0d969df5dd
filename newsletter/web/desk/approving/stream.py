"""Server-sent events: a part of a page again whenever it has changed, until nothing more changes.

A stream holds no thread and no database connection while it waits. It ends with the server, and
after a few minutes: the browser then asks again, and the gate looks at its session again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable

from fastapi.concurrency import run_in_threadpool
from fastapi.responses import PlainTextResponse, Response, StreamingResponse

MOST = 32
"""Streams at once; other browsers show the page without them."""
TICK = 0.25
"""Seconds between two looks at whether the server stops."""
EVERY = 8
"""Ticks between two looks at the database."""
LONGEST = 1_200
"""Ticks until a stream ends."""

Fragment = Callable[[], tuple[str, bool]]
"""Returns the HTML of a part of a page, and whether it may still change."""


class EventStreams:
    """The open streams of a site."""

    def __init__(self, stopping: Callable[[], bool], most: int = MOST) -> None:
        """Take what says that the server stops, and how many streams may be open at once."""
        self._stopping = stopping
        self._most = most
        self._open = 0

    def answer(self, fragment: Fragment) -> Response:
        """Answer with a stream, or with 503 if too many are open: then browsers do not ask again."""
        if self._open >= self._most:
            return PlainTextResponse("Too many live pages are open. Reload this page.\n", 503)
        return StreamingResponse(self._events(fragment), media_type="text/event-stream")

    async def _events(self, fragment: Fragment) -> AsyncIterator[str]:
        self._open += 1
        shown = ""
        try:
            for tick in range(LONGEST):
                if self._stopping():
                    return
                if tick % EVERY == 0:
                    html, moves = await run_in_threadpool(fragment)
                    # A comment shows that the other side is still there.
                    yield event("change", html) if html != shown else ": unchanged\n\n"
                    shown = html
                    if not moves:
                        yield event("over", "")
                        return
                await asyncio.sleep(TICK)
        finally:
            self._open -= 1


def event(name: str, text: str) -> str:
    """Write an event: each line of its text begins with `data:` (HTML Standard, 9.2)."""
    lines = "".join(f"data: {line}\n" for line in text.splitlines() or [""])
    return f"event: {name}\n{lines}\n"
