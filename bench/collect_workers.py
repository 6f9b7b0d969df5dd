"""Collect from many sources with two workers of the real program on PostgreSQL."""

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from bench.figure import Figure
from bench.ledger import DURABLE
from newsletter.migrations import upgrade
from newsletter.store.content import sources
from newsletter.store.database import open_engine
from tests.fakes.fleet import Fleet
from tests.fakes.postgres import Postgres, PostgresMissing, open_postgres
from tests.fakes.sites import Sites

SOURCES, QUICK = 2_000, 40
DELAY = 0.02
PER_HOST = 4
JOBS = 16


def figures(quick: bool) -> Iterator[Figure]:
    """Measure; with `quick`, use fewer sources."""
    try:
        with open_postgres(os.environ, DURABLE) as server:
            yield from _collected(server, QUICK if quick else SOURCES)
    except PostgresMissing as missing:
        yield Figure("PostgreSQL", 0, "", str(missing))


def _collected(server: Postgres, count: int) -> Iterator[Figure]:
    with (
        server.database() as url,
        Sites(DELAY) as sites,
        tempfile.TemporaryDirectory() as folder,
    ):
        engine = open_engine(url.render_as_string(hide_password=False))
        upgrade(engine)
        more = sites.sources(count, count // PER_HOST, backfill=0)
        fleet = Fleet(engine, Path(folder), "http://127.0.0.1:9", more)
        words = ("worker", "--once", "--queues", "collect", "--concurrency", str(JOBS))
        began = time.perf_counter()
        for process in [fleet.start(*words) for _ in range(2)]:
            process.wait()
        seconds = time.perf_counter() - began
        note = f"target: 60 for {SOURCES:,}; {_read(engine):,} read, {PER_HOST} on each host"
        yield Figure(f"{count:,} sources, two workers", seconds, "s", note)
        yield Figure("hosts asked twice at once", len(sites.overlapped), "hosts", "target: 0")
        more_than_once = sum(times > 1 for times in sites.asked.values())
        yield Figure("feeds read more than once", more_than_once, "feeds", "target: 0")
        engine.dispose()


def _read(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        states = sources.states(connection).values()
    return sum(state.last_success_at is not None for state in states)
