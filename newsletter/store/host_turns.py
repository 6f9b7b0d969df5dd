"""The turns of the hosts that sources are read from, across all machines that share a PostgreSQL."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa

from newsletter.store.database import dialect_insert
from newsletter.store.pass_tables import host_turns
from newsletter.store.reservations import Reservations

# The clocks of several machines differ, so the time is the server's.
_NOW = sa.func.clock_timestamp()
_LEFT = sa.select(
    # Not more than the rest, if the server's clock went back.
    sa.func.least(sa.extract("epoch", host_turns.c.ended_at - _NOW), 0)
    + sa.func.greatest(host_turns.c.rest_seconds, sa.bindparam("rest"))
).where(host_turns.c.host == sa.bindparam("of_host"))
_ENDED = dialect_insert("postgresql")(host_turns).values(
    host=sa.bindparam("of_host"), ended_at=_NOW, rest_seconds=sa.bindparam("rest")
)
_ENDED = _ENDED.on_conflict_do_update(
    index_elements=[host_turns.c.host],
    set_={"ended_at": _NOW, "rest_seconds": _ENDED.excluded.rest_seconds},
).returning(host_turns.c.host)


class HostTurns:
    """Lets one process at a time read from a host, and all of them keep the rest between requests.

    As with the reservations that it uses, a process that cannot reach the database is less polite
    than it should be, and nothing worse. On SQLite a single process keeps the rest itself.
    """

    def __init__(
        self, reservations: Reservations, wait: Callable[[float], None] = time.sleep
    ) -> None:
        """Ask nothing yet."""
        self._reservations, self._wait = reservations, wait

    @contextmanager
    def turn(self, host: str, rest: float, patience: float) -> Iterator[bool]:
        """Wait for the turn of a host; yield whether it came within `patience` seconds.

        It begins `rest` seconds after the end of the last one, or later if the process that had
        that one knows of a longer rest. How long a host rests does not count as patience.
        """
        values = {"of_host": host, "rest": rest}
        with self._reservations.hold(f"host {host}", patience) as is_ours:
            if is_ours and (left := self._reservations.ask(_LEFT, values)):
                self._wait(max(0.0, float(left)))
            try:
                yield is_ours
            finally:
                if is_ours:
                    self._reservations.ask(_ENDED, values)


def purge(connection: sa.Connection, before: datetime) -> int:
    """Delete the turns that ended before a time; return how many."""
    return connection.execute(host_turns.delete().where(host_turns.c.ended_at < before)).rowcount
