"""Workers under every fault that many machines have, judged by the sink's ledger.

TORTURE_WORKER_KILLS is how many workers are killed while they send (200), TORTURE_COLLECT_KILLS how
many while they collect and draft (60), TORTURE_RESTARTS how often the server restarts (10).
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.migrations import upgrade
from newsletter.store.database import open_engine
from tests.fakes import newsroom
from tests.fakes.cluster import Cluster, Network, cluster
from tests.fakes.fleet import Fleet, until
from tests.fakes.scene import let_workers_die
from tests.fakes.sendgrid import SendGrid
from tests.fakes.sites import Sites

pytestmark = pytest.mark.torture

KILLS = int(os.environ.get("TORTURE_WORKER_KILLS", "200"))
COLLECT_KILLS = int(os.environ.get("TORTURE_COLLECT_KILLS", "60"))
RESTARTS = int(os.environ.get("TORTURE_RESTARTS", "10"))
DAYS = 6
SIZE = 5
AT_ONCE = 3


@contextmanager
def issue(folder: Path, engine: sa.Engine, people: int) -> Iterator[Fleet]:
    """Freeze an issue whose provider answers slowly enough to be interrupted."""
    with SendGrid(folder / "ledger", delay=0.05) as sink:
        sink.keep = False
        fleet = Fleet(engine, folder, sink.url)
        fleet.freeze(people, SIZE)
        yield fleet


def working(fleet: Fleet, number: int) -> "list[subprocess.Popen[bytes]]":
    return [fleet.start("worker", "--concurrency", str(AT_ONCE)) for _ in range(number)]


def finish(fleet: Fleet, most_in_doubt: int) -> None:
    """Let everything settle; no one may have two copies, and no one may be lost."""
    until(lambda: not fleet.report().waiting, "everything else is sent", 600)
    fleet.expire_leases()
    doubtful = fleet.require_one_copy_each()
    sys.stdout.write(f"\n{fleet.people} recipients, {doubtful} in doubt, no one twice or lost\n")
    assert doubtful <= most_in_doubt
    fleet.settle()
    with fleet.program("worker", "--once") as last:
        last.wait(120)
    copies = fleet.ledger.copies()
    assert len(copies) == fleet.people
    assert set(copies.values()) == {1}
    assert "Traceback" not in fleet.log()


def end(workers: "list[subprocess.Popen[bytes]]") -> None:
    for worker in workers:
        worker.kill()
        worker.wait()


def test_workers_that_are_killed_at_random(pg_engine: sa.Engine, tmp_path: Path) -> None:
    rng = random.Random(20261128)
    with issue(tmp_path, pg_engine, people=KILLS * 200) as fleet:
        workers = working(fleet, 3)
        try:
            for _ in range(KILLS):
                time.sleep(rng.uniform(0.5, 4.0))
                place = rng.randrange(len(workers))
                workers[place].kill()
                workers[place].wait()
                workers[place] = working(fleet, 1)[0]
            finish(fleet, KILLS * SIZE * AT_ONCE)
        finally:
            end(workers)


@pytest.fixture
def server() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


@pytest.fixture
def durable(server: Cluster) -> Iterator[sa.Engine]:
    engine = open_engine(server.url.render_as_string(hide_password=False))
    upgrade(engine)
    yield engine
    engine.dispose()


def test_a_server_that_restarts(server: Cluster, durable: sa.Engine, tmp_path: Path) -> None:
    with issue(tmp_path, durable, people=RESTARTS * 600) as fleet:
        workers = working(fleet, 2)
        try:
            for _ in range(RESTARTS):
                sent = len(fleet.ledger.requests())
                until(lambda sent=sent: len(fleet.ledger.requests()) > sent + 20, "they send", 300)
                server.restart()
            with suppress(sa.exc.DBAPIError):
                durable.dispose()
            finish(fleet, RESTARTS * SIZE * AT_ONCE * len(workers))
            assert all(worker.poll() is None for worker in workers)
        finally:
            end(workers)


def test_a_network_that_swallows_everything_for_a_minute(
    server: Cluster, durable: sa.Engine, tmp_path: Path
) -> None:
    network = Network.to(server.url)
    with issue(tmp_path, durable, people=6000) as fleet, ExitStack() as ending:
        ending.callback(network.close)
        through = network.through(sa.make_url(fleet.url))
        cut_off = fleet.start(
            "worker",
            "--concurrency",
            str(AT_ONCE),
            NEWSLETTER_DATABASE_URL=through.render_as_string(hide_password=False),
        )
        other = working(fleet, 1)[0]
        ending.callback(end, [cut_off, other])
        until(lambda: len(fleet.ledger.requests()) > 50, "they send")
        network.swallows = True
        time.sleep(60)
        network.swallows = False
        until(lambda: "the worker starts again" in fleet.log(), "it notices", 120)
        assert cut_off.poll() is None
        finish(fleet, SIZE * AT_ONCE)


def test_clocks_that_are_five_minutes_apart(pg_engine: sa.Engine, tmp_path: Path) -> None:
    with issue(tmp_path, pg_engine, people=4000) as fleet, ExitStack() as ending:
        for seconds in ("-300", "0", "300"):
            worker = fleet.start(seconds, "worker", module="tests.fakes.skewed")
            ending.callback(end, [worker])
        finish(fleet, 0)


def test_workers_that_are_killed_while_they_collect_and_draft(
    pg_engine: sa.Engine, tmp_path: Path
) -> None:
    """On each of several days there are new articles, and slots become due."""
    rng = random.Random(20261129)
    with Sites(delay=0.05) as sites, ExitStack() as ending:
        fleet = Fleet(pg_engine, tmp_path, "http://127.0.0.1:9", newsroom.configuration(sites))

        def start(day: int) -> "subprocess.Popen[bytes]":
            worker = fleet.start(str(day * 86_400), "worker", module="tests.fakes.skewed")
            ending.callback(end, [worker])
            return worker

        for day in range(DAYS):
            sites.articles = day + 1
            workers = [start(day) for _ in range(3)]
            for _ in range(COLLECT_KILLS // DAYS):
                time.sleep(rng.uniform(0.5, 4.0))
                victim = workers.pop(0)
                victim.kill()
                victim.wait()
                let_workers_die(pg_engine)
                workers.append(start(day))
            expected = newsroom.SOURCES * (day + 1)
            until(lambda expected=expected: len(newsroom.collected(fleet)) >= expected, "all read")
            slots = newsroom.DAILIES * (day + 1)
            until(lambda slots=slots: newsroom.drafted(fleet) >= slots, "all drafted")
            end(workers)
        newsroom.require_everything_once(fleet, DAYS)
    assert "Traceback" not in fleet.log()
