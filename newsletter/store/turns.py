"""A queue for SQLite's single writer."""

import fcntl
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import sqlalchemy as sa

from newsletter.store.database import sqlite_path

PATIENCE = 10.0
LOOK_EVERY = 0.0005


class Turns:
    """A queue for threads and processes that write all the time, as workers do.

    A writer that waits for SQLite polls at growing intervals, while the one that just finished
    starts again at once: two busy processes do the work of one. The queue is a lock on a file
    beside the database; it ends with the process that holds it. It is only for speed, so after
    `patience` seconds (a process was stopped in its turn) a writer goes on without it. On
    PostgreSQL there is nothing to wait for.
    """

    def __init__(self, engine: sa.Engine, patience: float = PATIENCE) -> None:
        """Open the queue of a database; the caller closes it."""
        self._patience = patience
        self._thread = threading.Lock()
        self._file: BinaryIO | None = None
        if path := sqlite_path(engine):
            self._file = Path(f"{path}-turn").open("ab")  # noqa: SIM115 - `close` closes it

    def __enter__(self) -> Self:
        """Wait for this thread's turn."""
        if self._file is not None:
            self._thread.acquire()
            self._await(self._file, time.monotonic() + self._patience)
        return self

    def _await(self, file: BinaryIO, until: float) -> None:
        while time.monotonic() < until:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(LOOK_EVERY)
            else:
                return

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the next writer start."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
            self._thread.release()

    def close(self) -> None:
        """Close the file of the queue."""
        if self._file is not None:
            self._file.close()
