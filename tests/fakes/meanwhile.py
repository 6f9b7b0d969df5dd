"""Let something happen in another thread while a transaction here is held open, on PostgreSQL."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import sqlalchemy as sa

PATIENCE = 5.0
_WAITING = sa.text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


class Meanwhile:
    """What the other one did: its result, or the error that stopped it."""

    def __init__(self, act: Callable[[], object]) -> None:
        """Take what the other one does."""
        self._act = act
        self.result: object = None
        self.error: Exception | None = None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.result = self._act()
        except Exception as error:  # noqa: BLE001 - the test says which one it expects
            self.error = error


@contextmanager
def meanwhile(engine: sa.Engine, act: Callable[[], object]) -> Iterator[Meanwhile]:
    """Begin `act`; go on when it waits for a lock or is done. Leaving waits for its end.

    Whoever holds the lock commits inside.
    """
    other = Meanwhile(act)
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
        assert not other.thread.is_alive(), "still waiting for a lock"
