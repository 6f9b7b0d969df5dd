"""A hostile page that a feed links to costs its own article, and no other of the feed."""

from collections.abc import Mapping

import pytest

from tests.fakes.site import article_page, item, rss
from tests.integration.collect.conftest import Collector

FAR_YEAR = "Mon, 01 Jan 99999999999999 00:00:00 GMT"
FAR_ZONE = "Mon, 01 Jan 2026 00:00:00 +99999999999999999999"


@pytest.mark.parametrize(
    "headers",
    [{"Expires": FAR_YEAR}, {"Expires": FAR_ZONE}, {"Date": FAR_ZONE, "Expires": FAR_YEAR}],
)
def test_a_date_that_no_calendar_has_is_ignored(
    collector: Collector, headers: Mapping[str, str]
) -> None:
    link = collector.site.serve("/9", article_page(9), **headers)
    collector.site.serve("/feed", rss(item(9, link)), kind="application/rss+xml")
    report = collector.run(collector.feed("feed", "/feed", backfill=5)).sources[0]
    assert not report.problem
    assert [article.content.url for article in collector.stored()] == [link]


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("http://[x", "redirects to an address that is not valid"),
        ("//[", "redirects to an address that is not valid"),
        ("http://a..b/", "the name a..b does not resolve"),
        (f"http://{'a' * 100}.org/", "does not resolve"),
    ],
)
def test_a_redirect_to_no_address_leaves_the_other_articles_alone(
    collector: Collector, target: str, reason: str
) -> None:
    site = collector.site
    good = site.serve("/1", article_page(1))
    bad = item(9, site.redirect("/9", target), description="")
    site.serve("/feed", rss(bad, item(1, good)), kind="application/rss+xml")
    report = collector.run(collector.feed("feed", "/feed", backfill=5)).sources[0]
    assert not report.problem
    assert [article.content.url for article in collector.stored()] == [good]
    assert reason in report.skipped[0][1]


@pytest.mark.parametrize("wait", [FAR_YEAR, FAR_ZONE])
def test_a_wait_that_no_calendar_has_is_ignored(collector: Collector, wait: str) -> None:
    link = collector.site.on("/9", lambda page: page.answer(status=503, Retry_After=wait))
    collector.site.serve("/feed", rss(item(9, link, description="")), kind="application/rss+xml")
    report = collector.run(collector.feed("feed", "/feed", backfill=5)).sources[0]
    assert not report.problem
    assert "answers 503" in report.skipped[0][1]
