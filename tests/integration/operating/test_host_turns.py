"""Processes on several machines read from a host in turn, and keep its rest together."""

from collections.abc import Iterator
from contextlib import closing

import pytest
import sqlalchemy as sa

from newsletter.store.database import open_direct
from newsletter.store.host_turns import HostTurns, purge
from newsletter.store.reservations import Reservations

LONG = 600.0


class Machine:
    """A process of its own, as the database sees it, which notes how long it was to wait."""

    def __init__(self, engine: sa.Engine) -> None:
        """Use the database of another engine."""
        direct = open_direct(engine.url.render_as_string(hide_password=False))
        self.reservations = Reservations(direct)
        self.waits: list[float] = []
        self.turns = HostTurns(self.reservations, self.waits.append)

    def read(self, host: str, rest: float) -> bool:
        with self.turns.turn(host, rest, 0) as is_ours:
            return is_ours


@pytest.fixture
def machines(pg_engine: sa.Engine) -> Iterator[tuple[Machine, Machine]]:
    near, far = Machine(pg_engine), Machine(pg_engine)
    with closing(near.reservations), closing(far.reservations):
        yield near, far


def test_only_one_machine_reads_from_a_host(machines: tuple[Machine, Machine]) -> None:
    near, far = machines
    with near.turns.turn("example.org", 0, 0) as is_ours:
        assert is_ours
        assert not far.read("example.org", 0)
        assert far.read("example.net", 0)
    assert far.read("example.org", 0)


def test_a_host_rests_after_a_request_of_another_machine(
    machines: tuple[Machine, Machine],
) -> None:
    near, far = machines
    assert near.read("example.org", LONG)
    assert not near.waits
    assert far.read("example.org", 1), "it has not read robots.txt, but the other one has"
    assert LONG / 2 < far.waits.pop() <= LONG
    assert near.read("example.org", LONG)
    assert LONG / 2 < near.waits.pop() <= LONG, "it knows better than the one before"
    assert far.read("example.net", LONG)
    assert not far.waits


def test_a_turn_that_failed_counts(machines: tuple[Machine, Machine]) -> None:
    near, far = machines
    with pytest.raises(ZeroDivisionError), near.turns.turn("example.org", LONG, 0):
        _ = 1 / 0
    far.read("example.org", 0)
    assert far.waits.pop() > LONG / 2


def test_old_turns_are_deleted(machines: tuple[Machine, Machine], pg_engine: sa.Engine) -> None:
    near, _ = machines
    near.read("example.org", 0)
    with pg_engine.begin() as connection:
        at = connection.scalar(sa.text("SELECT ended_at FROM host_turns"))
        assert purge(connection, at) == 0
        assert purge(connection, connection.scalar(sa.func.clock_timestamp())) == 1


def test_a_single_machine_with_sqlite_needs_no_rows(sqlite_engine: sa.Engine) -> None:
    only = Machine(sqlite_engine)
    assert only.read("example.org", LONG)
    assert only.read("example.org", LONG)
    assert not only.waits
