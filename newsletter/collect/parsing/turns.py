"""Who parses next, so that one source's documents do not delay the others."""

import itertools
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Generic, TypeVar

Worker = TypeVar("Worker")

SLOW_SECONDS = 10.0
"""A source whose documents have taken this long in a collection is slow."""


class WorkerTurns(Generic[Worker]):
    """Hands out workers. The source that has used the least time goes first.

    Slow sources never have all workers at the same time, unless there is only one.
    Safe to use from many threads.
    """

    def __init__(self, workers: Sequence[Worker], slow_seconds: float = SLOW_SECONDS) -> None:
        """Take the workers to hand out."""
        self._free = list(workers)
        self._share = max(1, len(workers) - 1)
        self._slow_seconds = slow_seconds
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._waiting: dict[int, str] = {}
        self._used: defaultdict[str, float] = defaultdict(float)
        self._slow_running = 0

    @contextmanager
    def turn(self, source: str) -> Iterator[Worker]:
        """Wait for a worker, and count the time that the source uses it."""
        number = next(self._numbers)
        with self._changed:
            self._waiting[number] = source
            self._changed.wait_for(lambda: self._next() == number)
            del self._waiting[number]
            worker, slow = self._free.pop(), self._is_slow(source)
            self._slow_running += slow
            self._changed.notify_all()
        began = time.monotonic()
        try:
            yield worker
        finally:
            with self._changed:
                self._used[source] += time.monotonic() - began
                self._slow_running -= slow
                self._free.append(worker)
                self._changed.notify_all()

    def _is_slow(self, source: str) -> bool:
        return self._used[source] >= self._slow_seconds

    def _next(self) -> int | None:
        """Return the number of the turn that comes next, if a worker is free for it."""
        if not self._free:
            return None
        open_to_slow = self._slow_running < self._share
        turns = (
            (self._used[source], number)
            for number, source in self._waiting.items()
            if open_to_slow or not self._is_slow(source)
        )
        return min(turns, default=(0.0, None))[1]
