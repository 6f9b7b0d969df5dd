"""A worker whose connections get no answer starts again, but not before the database answers."""

import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from newsletter.dispatch.lifesign import LifeSign
from newsletter.store import workers
from newsletter.store.database import is_silence, open_engine
from newsletter.store.workers import WorkerRow
from tests.fakes.cluster import Network
from tests.fakes.fleet import until

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def shown(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return [row.name for row in workers.every(connection)]


@pytest.fixture
def network(pg_engine: sa.Engine) -> Iterator[Network]:
    with closing(Network.to(pg_engine.url)) as made:
        yield made


@pytest.fixture
def cut_off(pg_engine: sa.Engine, network: Network) -> Iterator[sa.Engine]:
    """Lead to the same database through a network that the test breaks."""
    made = open_engine(network.through(pg_engine.url).render_as_string(hide_password=False))
    yield made
    made.dispose()


def test_a_worker_that_is_cut_off_waits_for_the_database_and_starts_again(
    pg_engine: sa.Engine, network: Network, cut_off: sa.Engine
) -> None:
    again = threading.Event()
    row = WorkerRow("cut off", ("send",), 1, NOW, NOW)
    sign = LifeSign(cut_off, row, lambda: NOW, again.set, every=0.05, patience=3)
    with sign.shown():
        until(lambda: shown(pg_engine), "it is shown")
        network.refuses = network.swallows = True
        until(lambda: network.refused > 2, "it tries to connect again and again")
        assert not again.is_set(), "a new process could not connect either"
        network.refuses = network.swallows = False
        until(again.is_set, "it starts again")


def test_only_a_server_that_gives_no_answer_at_all_is_silent(
    network: Network, cut_off: sa.Engine
) -> None:
    network.refuses = True
    with pytest.raises(sa.exc.OperationalError) as refused:
        cut_off.connect()
    assert not is_silence(refused.value)
    network.refuses, network.swallows = False, True
    hasty = sa.create_engine(cut_off.url, connect_args={"connect_timeout": 2})
    with pytest.raises(sa.exc.OperationalError) as unanswered:
        hasty.connect()
    assert is_silence(unanswered.value)
    assert is_silence(sa.exc.TimeoutError()), "every connection of the pool waits"
