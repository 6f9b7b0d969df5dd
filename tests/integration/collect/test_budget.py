"""A slow source uses its own time only, and what was not reached is read in the next pass."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from newsletter.collect.report import CollectReport
from newsletter.collect.run import CollectOptions, collect
from newsletter.fetch.client import FetchLimits, open_fetcher
from newsletter.model.source import CollectLimits, Source
from tests.fakes.site import Exchange, Site, article_page, item, rss
from tests.integration.collect.conftest import Collector

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>"
PASSES = 8


@dataclass
class _Passes:
    """Makes passes with little time."""

    collector: Collector
    limits: CollectLimits
    seconds: float = 0.8
    rng: random.Random = field(default_factory=lambda: random.Random(3))

    def one(self, *sources: Source, stopped: Callable[[], bool] = lambda: False) -> CollectReport:
        """Collect what is due."""
        now = self.collector.now
        waits = FetchLimits(self.seconds, step_seconds=self.seconds, rest_seconds=0.001)
        fetcher = open_fetcher(lambda: now, self.rng, limits=waits)
        options = CollectOptions(
            lambda: now,
            limits=self.limits,
            rng=self.rng,
            sandbox=self.collector.sandbox,
            stopped=stopped,
        )
        report = collect(self.collector.engine, sources, fetcher, options)
        fetcher.close()
        return report


def _drip(exchange: Exchange) -> None:
    exchange.drip(HEAD, b" ")


def _pages(site: Site, *, dripping: int, good: int) -> None:
    """Serve a feed whose newest pages drip."""
    pages = [item(n, site.on(f"/drip/{n}", _drip)) for n in range(good + dripping, good, -1)]
    pages += [item(n, site.serve(f"/good/{n}", article_page(n))) for n in range(good, 0, -1)]
    site.serve("/feed", rss(*pages), kind="application/rss+xml")


def test_what_a_slow_source_did_not_reach_is_reported_and_due_again(collector: Collector) -> None:
    _pages(collector.site, dripping=8, good=0)
    source = collector.feed("slow", "/feed", backfill=60)
    passes = _Passes(collector, CollectLimits(per_source=timedelta(seconds=1.2)))
    (report,) = passes.one(source).sources
    assert "not reached in the time for this source; read in the next pass" in report.summary
    assert all(reason for _, reason in report.skipped)
    due_at = collector.state("slow").next_check_at
    assert due_at is not None
    assert due_at <= collector.now


def test_dripping_pages_do_not_starve_the_others_of_their_source(collector: Collector) -> None:
    _pages(collector.site, dripping=4, good=3)
    source = collector.feed("slow", "/feed", backfill=60)
    passes = _Passes(collector, CollectLimits(per_source=timedelta(seconds=1.2)))
    for _ in range(PASSES):
        passes.one(source)
    read = [article.content.provenance["sections"] for article in collector.stored()]
    assert [origin != "feed" for origin in read].count(True) == 3


def test_sources_that_a_pass_did_not_reach_come_first_in_the_next(collector: Collector) -> None:
    keys = ("a", "b", "c")
    for key in keys:
        collector.site.on(f"/{key}", _drip)
    sources = [collector.feed(key, f"/{key}", every=timedelta(0)) for key in keys]
    passes = _Passes(collector, CollectLimits(per_pass=timedelta(seconds=0.2)))
    begun = []
    for _ in keys:
        report = passes.one(*sources)
        begun += [source.source for source in report.sources if source.outcome == "failed"]
        waiting = [source for source in report.sources if source.outcome == "not reached"]
        assert len(waiting) == 2
        assert "comes first in the next" in waiting[0].summary
        collector.now += timedelta(minutes=1)
    assert sorted(begun) == list(keys)


def test_a_chain_of_slow_redirects_ends(collector: Collector) -> None:
    site = collector.site

    def late(step: int) -> None:
        def redirect(exchange: Exchange) -> None:
            exchange.stopped.wait(1.3)
            exchange.answer(status=302, Location=site.url(f"/step{step + 1}"))

        site.on(f"/step{step}", redirect)

    for step in range(7):
        late(step)
    passes = _Passes(collector, CollectLimits(), seconds=2.0)
    (report,) = passes.one(collector.feed("far", "/step0")).sources
    assert "redirects take too long" in report.summary
    assert site.asked("/step5") == 0


def test_a_new_folder_that_a_stop_interrupts_is_read_again_as_a_whole(
    collector: Collector, tmp_path: Path
) -> None:
    for number in range(1, 9):
        head = f'<meta property="article:published_time" content="2026-10-{number:02}">'
        (tmp_path / f"{number}.html").write_text(article_page(number, head=head))
    source = Source("files", "folder", path=tmp_path, backfill=2)
    passes = _Passes(collector, CollectLimits())
    answers = iter([False] * 4)
    (report,) = passes.one(source, stopped=lambda: next(answers, True)).sources
    assert report.outcome == "not reached"
    assert collector.stored() == []
    (report,) = passes.one(source).sources
    assert (report.new, report.count("seen")) == (2, 6)


def test_all_sitemaps_of_a_new_index_are_read_however_long_they_take(collector: Collector) -> None:
    site, names = collector.site, 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    index = []
    for first in (5, 1):
        records = "".join(
            f"<url><loc>{site.serve(f'/p/{n}', article_page(n))}</loc><lastmod>2026-10-{n:02}</lastmod></url>"
            for n in range(first, first + 4)
        )
        body = f"<urlset {names}>{records}</urlset>".encode()

        def late(exchange: Exchange, body: bytes = body) -> None:
            exchange.stopped.wait(0.2)
            exchange.answer(body)

        index.append(f"<sitemap><loc>{site.on(f'/{first}.xml', late)}</loc></sitemap>")
    site.serve("/map.xml", f"<sitemapindex {names}>{''.join(index)}</sitemapindex>")
    source = collector.feed("map", "/map.xml", kind="sitemap", backfill=2)
    _Passes(collector, CollectLimits(per_source=timedelta(seconds=0.1))).one(source)
    _Passes(collector, CollectLimits()).one(source)
    states = [len(collector.stored(state)) for state in ("new", "seen")]
    assert states == [2, 6]
