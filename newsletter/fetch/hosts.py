"""Allow one request at a time per host, with a rest between requests."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timedelta

from newsletter.errors import FetchFailed
from subscribers.phrase import Phrase

INTERNAL_SHARE = 0.2
"""The share of the usual rest that a host in the same network gets."""
PATIENCE = 60.0
"""Seconds to wait for the end of a request that another machine makes to the host."""

Reserve = Callable[[str, float, float], AbstractContextManager[bool]]
"""Waits for the turn of a host, which only one process has at a time.

The other arguments are the seconds of rest that the host gets between two requests, and how many
seconds to wait for another process. Yields whether it is our turn.
"""


def freely(_host: str, _rest: float, _patience: float) -> AbstractContextManager[bool]:
    """Wait for nothing: this is the only process that fetches."""
    return nullcontext(enter_result=True)


class Hosts:
    """A queue for every host."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        rng: random.Random,
        rest_seconds: float,
        reserve: Reserve = freely,
    ) -> None:
        """Start with empty queues. `reserve` keeps other processes from the host for a request."""
        self._clock, self._rng, self._rest_seconds = clock, rng, rest_seconds
        self._reserve = reserve
        self._guard = threading.Lock()
        self._doors: dict[str, threading.Lock] = {}
        self._free_at: dict[str, float] = {}
        self._delays: dict[str, float] = {}
        self._resting: dict[str, datetime] = {}

    @contextmanager
    def turn(self, host: str, *, rested: bool, internal: bool = False) -> Iterator[None]:
        """Wait for the host's turn. With `rested`, raises FetchFailed while the host rests.

        An `internal` host, in the same network, needs less rest.
        """
        with self._guard:
            door = self._doors.setdefault(host, threading.Lock())
        with door:
            if rested:
                self._check_resting(host)
            pause = self._free_at.get(host, 0.0) - time.monotonic()
            if pause > 0:
                time.sleep(pause)
            rest = self._rest(host, internal=internal)
            try:
                with self._reserve(host, rest, PATIENCE) as is_ours:
                    if not is_ours:
                        msg = Phrase("another machine is reading from this host")
                        raise FetchFailed(msg)
                    yield
            finally:
                self._free_at[host] = time.monotonic() + rest

    def _rest(self, host: str, *, internal: bool) -> float:
        """Return the seconds until the next request: irregular, and no less than the host asks for."""
        usual = self._rest_seconds * (INTERNAL_SHARE if internal else 1.0)
        return max(usual * (0.5 + self._rng.random()), self._delays.get(host, 0.0))

    def slow_down(self, host: str, seconds: float) -> None:
        """Keep at least `seconds` between two requests to the host."""
        self._delays[host.lower()] = seconds

    def rest(self, host: str, seconds: int) -> None:
        """Make no more page requests to the host for a while."""
        self._resting[host] = self._clock() + timedelta(seconds=seconds)

    def _check_resting(self, host: str) -> None:
        until = self._resting.get(host)
        if until is None:
            return
        left = int((until - self._clock()).total_seconds())
        if left > 0:
            msg = Phrase("{host} asked for a pause of another {left} s", host=host, left=left)
            raise FetchFailed(msg, status=429, retry_after_seconds=left)
        del self._resting[host]
