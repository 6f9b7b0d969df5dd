"""Eight weeks of a publisher: no article is duplicated, merged wrongly, flooded or degraded."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from newsletter.model.article import Article
from newsletter.model.source import Source
from tests.fakes.publisher import Piece, Publisher, week
from tests.integration.collect.conftest import Collector

WEEKLY = 3
SOFT_404 = "<html><head><title>Page not found</title></head><body><h1>Page not found</h1><p>Sorry, we could not find this page.</p></body></html>"
COOKIES = "<html><head><title>Before you continue</title></head><body><h1>Before you continue</h1><p>We use cookies to run this site.</p></body></html>"


@pytest.fixture
def publisher(collector: Collector, tmp_path: Path) -> Publisher:
    """A publisher without any article yet."""
    folder = tmp_path / "manuscripts"
    folder.mkdir()
    return Publisher(collector.site, folder)


def _sources(collector: Collector, publisher: Publisher) -> list[Source]:
    return [
        collector.feed("rss", "/rss"),
        collector.feed("atom", "/atom"),
        collector.feed("json", "/feed.json"),
        collector.feed("page", "/all", kind="page", links=r"/harbor-costs-town-\d+$"),
        collector.feed("map", "/map.xml", kind="sitemap"),
        Source("folder", "folder", path=publisher.folder),
    ]


def _pass(collector: Collector, publisher: Publisher, day: int) -> int:
    """Collect on a day of the simulation. Returns the number of new articles."""
    collector.now = datetime.combine(week(0), datetime.min.time(), UTC) + timedelta(
        days=day, hours=9
    )
    report = collector.run(*_sources(collector, publisher))
    assert not [source.problem for source in report.failed if "unexpectedly" in source.problem]
    return report.new


def _mishaps(publisher: Publisher, number: int) -> None:
    """Let the site do what it does in a week, after that week's articles were collected."""
    if number == 2:
        publisher.break_pages(lambda exchange: exchange.answer(status=503))
    elif number == 3:
        publisher.break_pages(lambda exchange: exchange.answer(SOFT_404, kind="text/html"))
    elif number == 4:
        publisher.template = "new"
        publisher.show()
    elif number == 5:
        publisher.move("/stories")
    elif number == 6:
        publisher.break_pages(lambda exchange: exchange.answer(COOKIES, kind="text/html"))


def _check(piece: Piece, article: Article) -> None:
    content = article.content
    assert content.title == piece.title
    assert content.takeaways == piece.points
    assert [author.name for author in content.authors] == ["Ada Quell"]
    assert content.published == piece.day
    assert content.image is not None
    assert (content.image.width, content.image.height) == (1200, 800)
    assert [
        paragraph for section in content.sections for paragraph in section.paragraphs
    ] == piece.paragraphs
    assert content.lang.startswith(piece.lang)
    assert "appeared first" not in content.teaser


def test_eight_weeks_of_a_publisher(collector: Collector, publisher: Publisher) -> None:
    for number in range(8):
        before = len(publisher.pieces)
        publisher.publish(WEEKLY, week(number))
        if number == 7:
            publisher.translate(publisher.pieces[-1])
        new = _pass(collector, publisher, 7 * number)
        assert new <= len(publisher.pieces) - before, f"week {number} is flooded"
        if number in {1, 5}:
            # The publisher edits an article of the week in place.
            publisher.pieces[-1].edited = ", and why"
            publisher.show()
        _mishaps(publisher, number)
        assert _pass(collector, publisher, 7 * number + 3) == 0, f"week {number} has doubles"
        publisher.show()
    _pass(collector, publisher, 7 * 8)
    stored = collector.stored("new")
    titles = Counter(article.content.title for article in stored)
    assert titles == Counter(piece.title for piece in publisher.pieces)
    for piece in publisher.pieces:
        _check(piece, next(a for a in stored if a.content.title == piece.title))
    groups = {article.translation_group for article in stored if article.translation_group}
    assert len(groups) == 1
