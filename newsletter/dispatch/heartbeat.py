"""A dead-man's switch: a service that is pinged after each pass, and alerts when pings stop.

The protocol is that of healthchecks.io: POST to the address after a good pass, and to `/fail` below
it after a bad one.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

EVERY = timedelta(minutes=1)
"""How often the same result is reported: idle passes come every few seconds."""

Ping = Callable[[str], str]
"""Posts to an address; returns what went wrong, or an empty text."""


def _post(url: str) -> str:
    from newsletter.fetch.wire import post  # noqa: PLC0415 - slow, and rarely needed

    return post(url)


def report(url: str, *, good: bool, ping: Ping = _post) -> str:
    """Ping an address with a result; return what went wrong with the ping."""
    return ping(url if good else failing(url))


class Heartbeat:
    """Pings after the passes of one process, which may have several parts at the same time.

    One part that failed makes the whole bad until that part has succeeded.
    """

    def __init__(self, url: str, ping: Ping = _post) -> None:
        """Ping nothing yet; never anything if the address is empty."""
        self._url, self._ping = url, ping
        self._failing: set[str] = set()
        self._last: tuple[bool, datetime] | None = None
        self._lock = threading.Lock()

    def beat(self, part: str, now: datetime, *, good: bool) -> str:
        """Report the result of a part of a pass; return what went wrong with the ping."""
        if not self._url:
            return ""
        with self._lock:
            (self._failing.discard if good else self._failing.add)(part)
            well = not self._failing
            if self._last and self._last[0] == well and now - self._last[1] < EVERY:
                return ""
            self._last = well, now
        return report(self._url, good=well, ping=self._ping)


def failing(url: str) -> str:
    """Return the address that reports a failure."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/fail"))
