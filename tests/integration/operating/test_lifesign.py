"""A worker whose connections get no answer starts again, but not before the database answers."""

import threading
from datetime import UTC, datetime

import sqlalchemy as sa

from newsletter.dispatch.lifesign import LifeSign
from newsletter.store import workers
from newsletter.store.database import open_engine
from newsletter.store.workers import WorkerRow
from tests.fakes.cluster import Network
from tests.fakes.fleet import until

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def shown(engine: sa.Engine) -> list[str]:
    with engine.connect() as connection:
        return [row.name for row in workers.every(connection)]


def test_a_worker_that_is_cut_off_waits_for_the_database_and_starts_again(
    pg_engine: sa.Engine,
) -> None:
    network, again = Network.to(pg_engine.url), threading.Event()
    cut_off = open_engine(network.through(pg_engine.url).render_as_string(hide_password=False))
    row = WorkerRow("cut off", ("send",), 1, NOW, NOW)
    sign = LifeSign(cut_off, row, lambda: NOW, again.set, every=0.05, patience=0.5)
    with sign.shown():
        until(lambda: shown(pg_engine), "it is shown")
        network.refuses = network.swallows = True
        until(lambda: network.refused > 2, "it tries to connect again and again")
        assert not again.is_set(), "a new process could not connect either"
        network.refuses = network.swallows = False
        until(again.is_set, "it starts again")
    network.close()
    cut_off.dispose()
