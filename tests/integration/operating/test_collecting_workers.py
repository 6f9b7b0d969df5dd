"""Two workers collect from many sources: politely, every one of them, and every article once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.app import App
from newsletter.model.once import Once
from newsletter.store.content import sources
from newsletter.store.tables import articles
from tests.fakes import newsroom
from tests.fakes.engine import work_once
from tests.fakes.fleet import Fleet, until
from tests.fakes.house import shared_sandbox
from tests.fakes.scene import let_workers_die
from tests.fakes.sites import Sites, host

SOURCES, HOSTS = 16, 5


@pytest.fixture
def sites() -> Iterator[Sites]:
    with Sites(delay=0.05) as served:
        yield served


@pytest.fixture
def workers(pg_engine: sa.Engine, tmp_path: Path, sites: Sites) -> Iterator[list[App]]:
    more = sites.sources(SOURCES, HOSTS, backfill=1)
    fleet = Fleet(pg_engine, tmp_path, "http://127.0.0.1:9", more)
    with ExitStack() as closing:
        opened = [closing.enter_context(fleet.opened()) for _ in range(2)]
        yield [replace(app, sandboxes=Once(shared_sandbox)) for app in opened]


@pytest.mark.allow_hosts([host(number) for number in range(HOSTS)])
def test_two_workers_read_every_source_and_no_host_twice_at_once(
    workers: list[App], sites: Sites, pg_engine: sa.Engine
) -> None:
    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(work_once, app, ("collect",), 8) for app in workers]
        assert not [line for each in done for line in each.result() if "failed" in line.message]
    feeds = {path: times for path, times in sites.asked.items() if path.endswith("/feed")}
    assert len(feeds) == SOURCES, "no source is left out"
    assert set(feeds.values()) == {1}, "and none is read again before it is due"
    assert not sites.overlapped
    with pg_engine.connect() as connection:
        titles = list(connection.scalars(sa.select(articles.c.title)))
        states = sources.states(connection).values()
    pauses = {
        state.next_check_at - state.checked_at
        for state in states
        if state.next_check_at and state.checked_at
    }
    assert len(pauses) > 1, "their next checks are spread"
    assert sorted(titles) == sorted(f"The wells of s{place}" for place in range(SOURCES))


@pytest.mark.allow_hosts([host(number) for number in range(newsroom.HOSTS)])
def test_killed_workers_collect_every_article_and_draft_every_slot_once(
    pg_engine: sa.Engine, tmp_path: Path, sites: Sites
) -> None:
    """One dies while it collects, another at its first issue; two others do the rest."""
    fleet = Fleet(pg_engine, tmp_path, "http://127.0.0.1:9", newsroom.configuration(sites))
    with fleet.program("worker", "--once"):
        until(lambda: len(sites.asked) > newsroom.SOURCES, "it collects")
    let_workers_die(pg_engine)
    with fleet.program("worker", "--once"):
        until(lambda: newsroom.drafted(fleet), "an issue is drafted")
    let_workers_die(pg_engine)
    with ExitStack() as closing, ThreadPoolExecutor(2) as pool:
        opened = [closing.enter_context(fleet.opened()) for _ in range(2)]
        apps = [replace(app, sandboxes=Once(shared_sandbox)) for app in opened]
        for done in [pool.submit(work_once, app) for app in apps]:
            done.result()
        work_once(apps[0])  # what each of them left to the other
    assert newsroom.drafted(fleet) == newsroom.DAILIES
    newsroom.require_everything_once(fleet, days=1)
    assert "Traceback" not in fleet.log()
