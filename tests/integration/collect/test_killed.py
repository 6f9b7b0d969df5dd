"""A collection that is killed at any point neither loses nor duplicates an article."""

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from newsletter.model.source import Source
from tests.fakes.site import Exchange, article_page, item, rss
from tests.integration.collect.conftest import Collector

ROOT = Path(__file__).parents[3]
CHILD = """
import random, sys
from datetime import UTC, datetime
from newsletter.collect.run import CollectOptions, collect
from newsletter.fetch.client import FetchLimits, open_fetcher
from newsletter.model.source import Source
from newsletter.store.database import open_engine

now = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
fetcher = open_fetcher(lambda: now, random.Random(1), limits=FetchLimits(rest_seconds=0.001))
sources = [Source(f"feed{n}", "feed", url=f"{sys.argv[2]}/feed{n}", allow_private=True) for n in range(3)]
collect(open_engine(sys.argv[1]), sources, fetcher, CollectOptions(lambda: now, force=True))
"""


@pytest.mark.parametrize("at", [1, 3, 6, 10, 13])
def test_after_a_kill_the_next_collection_stores_everything_once(
    collector: Collector, at: int
) -> None:
    """Kill at the request number `at` of about fourteen: feeds, robots.txt and nine pages."""
    children: list[subprocess.Popen[bytes]] = []

    def killing(body: str, kind: str):  # noqa: ANN202 - a handler
        def handler(exchange: Exchange) -> None:
            if len(collector.site.seen) == at and children:
                os.kill(children[0].pid, signal.SIGKILL)
            exchange.answer(body, kind=kind)

        return handler

    for feed in range(3):
        links = [
            collector.site.on(f"/a/{n}", killing(article_page(n), "text/html"))
            for n in range(3 * feed, 3 * feed + 3)
        ]
        items = (item(n, link) for n, link in enumerate(links, 3 * feed))
        collector.site.on(f"/feed{feed}", killing(rss(*items), "application/rss+xml"))
    url = collector.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", CHILD, url, collector.site.url("")]
    children.append(subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}))
    assert children[0].wait(timeout=60) == -signal.SIGKILL

    sources = [
        Source(f"feed{n}", "feed", url=collector.site.url(f"/feed{n}"), allow_private=True)
        for n in range(3)
    ]
    collector.run(*sources)
    titles = Counter(article.content.title for article in collector.stored("new"))
    assert titles == Counter(f"Article number {n} about the river" for n in range(9))
