"""A collector for a loopback site, with a clock that the test controls."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from newsletter.collect.parsing.sandbox import Sandbox
from newsletter.collect.run import CollectOptions, CollectReport, collect
from newsletter.fetch.client import FetchLimits, open_fetcher
from newsletter.model.article import Article
from newsletter.model.source import Source, SourceState
from newsletter.store.content import articles
from newsletter.store.content import sources as source_store
from tests.fakes.site import Site, open_site


@dataclass
class Collector:
    """Collects from the site into the test's database."""

    engine: sa.Engine
    site: Site
    sandbox: Sandbox
    now: datetime = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
    seed: random.Random = field(default_factory=lambda: random.Random(7))

    def feed(self, key: str, path: str, **more: object) -> Source:
        """Return a feed source on the site."""
        values: dict[str, object] = {"kind": "feed", "allow_private": True, **more}
        return Source(key, url=self.site.url(path), **values)  # type: ignore[arg-type] # fields by name

    def run(
        self, *sources: Source, force: bool = True, configured: tuple[str, ...] = ()
    ) -> CollectReport:
        """Collect, then advance the clock by an hour. Without `configured`, no article is adopted."""
        limits = FetchLimits(total_seconds=5, step_seconds=3, rest_seconds=0.001)
        fetcher = open_fetcher(lambda: self.now, self.seed, limits=limits)
        options = CollectOptions(
            lambda: self.now,
            force=force,
            rng=self.seed,
            sandbox=self.sandbox,
            configured=configured,
        )
        report = collect(self.engine, sources, fetcher, options)
        fetcher.close()
        self.now += timedelta(hours=1)
        return report

    def stored(self, state: str = "") -> list[Article]:
        """Return the stored articles, oldest first."""
        with self.engine.connect() as connection:
            return articles.recent(connection, limit=500, state=state)[::-1]

    def state(self, key: str) -> SourceState:
        """Return the stored state of a source."""
        with self.engine.connect() as connection:
            return source_store.states(connection)[key]


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """A worker shared by all tests."""
    with Sandbox() as opened:
        yield opened


@pytest.fixture
def site() -> Iterator[Site]:
    """A site for this test."""
    with open_site() as opened:
        yield opened


@pytest.fixture
def collector(sqlite_engine: sa.Engine, site: Site, sandbox: Sandbox) -> Collector:
    """A collector on SQLite."""
    return Collector(sqlite_engine, site, sandbox)


@pytest.fixture
def both(engine: sa.Engine, site: Site, sandbox: Sandbox) -> Collector:
    """A collector on each database."""
    return Collector(engine, site, sandbox)
