"""What may happen to many machines, each in its smallest form; `tests/torture` has the long runs."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.app import App
from newsletter.dispatch.procrastinate import EngineStopped
from newsletter.migrations import upgrade
from newsletter.model.states import IssueState
from newsletter.store.database import open_engine
from tests.fakes.cluster import Cluster, cluster
from tests.fakes.engine import work_once
from tests.fakes.fleet import Fleet, until
from tests.fakes.scene import let_workers_die
from tests.fakes.sendgrid import SendGrid

SEND = ("send",)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SendGrid]:
    with SendGrid(tmp_path / "ledger", delay=0.02) as server:
        yield server


def at_a_distance(app: App, minutes: int) -> App:
    """Return an opened publication whose clock is wrong."""

    def wrong() -> datetime:
        return datetime.now(UTC) + timedelta(minutes=minutes)  # noqa: TID251 - a real clock

    return replace(app, now=wrong)


def test_clocks_that_are_ten_minutes_apart(
    pg_engine: sa.Engine, tmp_path: Path, sink: SendGrid
) -> None:
    fleet = Fleet(pg_engine, tmp_path, sink.url)
    fleet.freeze(people=300, size=5)
    with ExitStack() as closing, ThreadPoolExecutor(2) as pool:
        apps = [at_a_distance(closing.enter_context(fleet.opened()), by) for by in (-5, 5)]
        for done in [pool.submit(work_once, app, SEND) for app in apps]:
            done.result()
    assert fleet.require_one_copy_each() == 0
    assert fleet.state() is IssueState.SUBMITTED


@pytest.fixture
def server() -> Iterator[Cluster]:
    with cluster() as made:
        yield made


def test_a_server_that_dies_during_an_issue(
    server: Cluster, tmp_path: Path, sink: SendGrid
) -> None:
    engine = open_engine(server.url.render_as_string(hide_password=False))
    upgrade(engine)
    fleet = Fleet(engine, tmp_path, sink.url)
    fleet.freeze(people=400, size=5)
    with fleet.opened() as app, ThreadPoolExecutor(1) as pool:
        working = pool.submit(partial(work_once, app, SEND))
        until(lambda: len(fleet.ledger.requests()) > 10, "it sends")
        server.restart()
        with suppress(EngineStopped, sa.exc.DBAPIError):
            working.result()
    engine.dispose()
    fleet.expire_leases()
    let_workers_die(engine)
    with fleet.opened() as app:
        work_once(app, SEND)
    assert not fleet.report().waiting, "the rest is sent"
    doubtful = fleet.require_one_copy_each()
    assert doubtful <= 4 * 5, "at most what was in submission"
    engine.dispose()
