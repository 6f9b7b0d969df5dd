"""Show that a worker lives and what it is doing; start it again if the database never answers."""

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa
import structlog

from newsletter.store import workers
from newsletter.store.database import answers, is_silence
from newsletter.store.workers import Doing, WorkerRow

EVERY = 5.0
"""Seconds between two signs of life."""
STUCK = 60.0
"""Seconds without an answer or an error after which a connection is dead."""

log = structlog.get_logger(__name__)


def start_again() -> None:
    """Replace this process by a new one with the same arguments; its threads may wait for an answer forever."""
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command


class LifeSign:
    """Writes the row of a worker every few seconds.

    A network that swallows what is sent leaves a thread waiting for an answer forever. If the
    thread that writes here gets none for a while, the others may wait, too. The process is then
    replaced, which is as safe as killing it, as soon as the database answers: a new process could
    not even start before.
    """

    def __init__(
        self,
        engine: sa.Engine,
        row: WorkerRow,
        now: Callable[[], datetime],
        on_stuck: Callable[[], None] = start_again,
        every: float = EVERY,
        patience: float = STUCK,
    ) -> None:
        """Prepare; nothing is written before `shown`. `every` and `patience` are in seconds."""
        self._engine, self._row, self._now, self._on_stuck = engine, row, now, on_stuck
        self._every, self._patience = every, patience
        self._guard = threading.Lock()
        self._doing: dict[str, Doing] = {}
        self._ended = threading.Event()
        self._unanswered: float | None = None
        self._threads = [
            threading.Thread(target=act, name=f"presence-{act.__name__}", daemon=True)
            for act in (self._write, self._watch)
        ]

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show the worker while this lasts."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._threads[0].join(self._every)
            with suppress(sa.exc.DBAPIError), self._engine.begin() as connection:
                workers.delete(connection, self._row.name)

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Show a job while it lasts."""
        with self._guard:
            self._doing[what] = Doing(what, self._now())
        try:
            yield
        finally:
            with self._guard:
                self._doing.pop(what, None)

    def _write(self) -> None:
        while not self._ended.is_set():
            self._unanswered = self._unanswered or time.monotonic()
            try:
                with self._engine.begin() as connection:
                    workers.save(connection, self._present())
            except sa.exc.SQLAlchemyError as error:
                log.warning("the worker cannot be shown", problem=type(error).__name__)
                if not is_silence(error):
                    self._unanswered = None
            else:
                self._unanswered = None
            self._ended.wait(self._every)

    def _present(self) -> WorkerRow:
        with self._guard:
            doing: Sequence[Doing] = sorted(self._doing.values(), key=lambda each: each.since)
        return replace(self._row, seen_at=self._now(), doing=tuple(doing))

    def _watch(self) -> None:
        while not self._ended.wait(self._every):
            since = self._unanswered
            if since is None or time.monotonic() - since < self._patience:
                continue
            log.error("the database does not answer; the worker starts again when it does")
            # Even if the thread that writes gets an answer by then: others may wait forever.
            while not answers(self._engine):
                if self._ended.wait(self._every):
                    return
            self._on_stuck()
