"""Names that one process holds at a time, across all machines that share a PostgreSQL."""

import hashlib
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy as sa

from newsletter.store.database import is_sqlite

NOTHING: Mapping[str, object] = {}
LOOK_EVERY = 0.05
"""Seconds between two attempts to get a name that another process holds."""


class Reservations:
    """Hands out names; a name that is held here or on another machine is not free.

    They are session locks of one connection: a process that dies gives its names back at once.
    They keep us polite, and nothing more: a process that loses its connection loses its names too,
    and works on. What must not happen twice is decided by rows. On SQLite every name is free.

    The engine must lead to the server itself: a pooler would give the session to others.
    """

    def __init__(self, engine: sa.Engine) -> None:
        """Connect at the first use."""
        self._engine = engine
        self._guard = threading.Lock()
        self._held: set[str] = set()
        self._connection: sa.Connection | None = None

    @contextmanager
    def first_free(self, names: Iterable[str]) -> Iterator[bool]:
        """Hold the first of these names that is free; yield whether there was one."""
        if is_sqlite(self._engine):
            yield True
            return
        name = next(filter(self._take, names), None)
        try:
            yield name is not None
        finally:
            if name is not None:
                self._give_back(name)

    @contextmanager
    def hold(self, name: str, patience: float) -> Iterator[bool]:
        """Wait up to `patience` seconds for a name and hold it; yield whether it became free."""
        if is_sqlite(self._engine):
            yield True
            return
        until = time.monotonic() + patience
        while not (taken := self._take(name)) and time.monotonic() < until:
            time.sleep(LOOK_EVERY)
        try:
            yield taken
        finally:
            if taken:
                self._give_back(name)

    def ask(self, statement: sa.Executable, values: Mapping[str, object]) -> Any:  # noqa: ANN401 - a column
        """Run a statement on the server, for what belongs to names; return the first value.

        Returns None without an answer, and on SQLite.
        """
        if is_sqlite(self._engine):
            return None
        with self._guard:
            return self._ask(statement, values)

    def close(self) -> None:
        """Disconnect, which gives back every name."""
        with self._guard:
            self._disconnect()

    def _take(self, name: str) -> bool:
        # A session may take its own lock again, so names that are held here are not asked for.
        with self._guard:
            if name in self._held:
                return False
            taken = bool(self._ask(sa.select(sa.func.pg_try_advisory_lock(_number(name)))))
            if taken:
                self._held.add(name)
            return taken

    def _give_back(self, name: str) -> None:
        with self._guard:
            if name in self._held:
                self._held.discard(name)
                self._ask(sa.select(sa.func.pg_advisory_unlock(_number(name))))

    def _ask(self, statement: sa.Executable, values: Mapping[str, object] = NOTHING) -> Any:  # noqa: ANN401 - a column
        """Ask the server; without an answer, nothing is held any longer."""
        try:
            if self._connection is None:
                connection = self._engine.connect()
                self._connection = connection.execution_options(isolation_level="AUTOCOMMIT")
                # What is written here is not worth waiting for the disk.
                self._connection.exec_driver_sql("SET synchronous_commit = off")
            return self._connection.scalar(statement, values)
        except sa.exc.DBAPIError:
            self._disconnect()
            return None

    def _disconnect(self) -> None:
        self._held.clear()
        if self._connection is not None:
            with suppress(sa.exc.DBAPIError):
                self._connection.invalidate()  # a pool would keep the session, and its locks
                self._connection.close()
            self._connection = None


def _number(name: str) -> int:
    """Return the key of a lock: 64 bits, signed."""
    digest = hashlib.blake2b(name.encode(), digest_size=8, person=b"newsletter").digest()
    return int.from_bytes(digest, signed=True)
