"""Taking turns at the one writer that SQLite has."""

import fcntl
import threading
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import sqlalchemy as sa


class Turns:
    """A queue for those who write all the time: the threads and processes that send.

    SQLite itself lets a writer poll, ever more rarely, while the one that has just finished begins
    again at once; two busy processes then do the work of one. The queue is a lock on a file beside
    the database, which ends with the process that holds it. On PostgreSQL there is nothing to wait
    for.
    """

    def __init__(self, engine: sa.Engine) -> None:
        """Take the database; close the queue when done with it."""
        self._thread = threading.Lock()
        self._file: BinaryIO | None = None
        if engine.dialect.name == "sqlite":
            self._file = Path(f"{engine.url.database}-turn").open("ab")  # noqa: SIM115 - see close

    def __enter__(self) -> Self:
        """Wait for one's turn."""
        if self._file is not None:
            self._thread.acquire()
            fcntl.flock(self._file, fcntl.LOCK_EX)
        return self

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
