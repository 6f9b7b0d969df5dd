"""Taking turns at the one writer that SQLite has."""

import fcntl
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import sqlalchemy as sa

PATIENCE = 10.0
LOOK_EVERY = 0.0005


class Turns:
    """A queue for those who write all the time: the threads and processes that send.

    SQLite itself lets a writer poll, ever more rarely, while the one that has just finished begins
    again at once; two busy processes then do the work of one. The queue is a lock on a file beside
    the database, which ends with the process that holds it. It is a courtesy, not a guard: who has
    waited for `patience` seconds (a process was stopped in its turn) goes on without. On PostgreSQL
    there is nothing to wait for.
    """

    def __init__(self, engine: sa.Engine, patience: float = PATIENCE) -> None:
        """Take the database; close the queue when done with it."""
        self._patience = patience
        self._thread = threading.Lock()
        self._file: BinaryIO | None = None
        if engine.dialect.name == "sqlite":
            self._file = Path(f"{engine.url.database}-turn").open("ab")  # noqa: SIM115 - see close

    def __enter__(self) -> Self:
        """Wait for one's turn."""
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
        """Let the next one go on."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
            self._thread.release()

    def close(self) -> None:
        """Leave the queue for good."""
        if self._file is not None:
            self._file.close()
