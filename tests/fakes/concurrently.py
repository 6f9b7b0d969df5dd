"""Run code in another thread while this thread holds a transaction open, on PostgreSQL."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

PATIENCE = 60.0
_WAITING = sa.text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


class Concurrent:
    """The outcome of the other thread: its result, or the error that stopped it."""

    def __init__(self, act: Callable[[], object]) -> None:
        """Take the function that the thread calls."""
        self._act = act
        self.result: object = None
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.result = self._act()
        except Exception as error:  # noqa: BLE001 - the test checks which error it is
            self.error = error


@contextmanager
def concurrently(engine: sa.Engine, act: Callable[[], object]) -> Iterator[Concurrent]:
    """Start `act` and continue when it waits for a lock or is done; at the end, join the thread.

    The caller, which holds the lock, must commit inside the block.
    """
    other = Concurrent(act)
    other.thread.start()
    until = time.monotonic() + PATIENCE
    with engine.connect() as watching:
        while other.thread.is_alive() and time.monotonic() < until:
            if watching.scalar(_WAITING):
                break
            watching.rollback()
            time.sleep(0.01)
    try:
        yield other
    finally:
        other.thread.join(PATIENCE)
        assert not other.thread.is_alive(), "the other thread still waits for a lock"
