"""A rich article never becomes poorer, whatever its address answers later."""

from datetime import date
from pathlib import Path

import pytest

from newsletter.collect.run import CollectReport
from newsletter.model.source import Source
from tests.fakes.site import article_page, item, rss
from tests.integration.collect.conftest import Collector

TAKEAWAYS = "<h2>Key Takeaways</h2><ul><li>The river rose faster than planned.</li><li>Markets moved up the hill.</li></ul>"
HEAD = '<meta property="og:image" content="https://cdn.example.org/river.jpg">'
SHORT = (
    "<html><head><title>{0}</title></head><body><main><h1>{0}</h1><p>{1}</p></main></body></html>"
)
ANSWERS = {
    "not found": (404, ""),
    "gone": (410, ""),
    "forbidden": (403, "<h1>Forbidden</h1>"),
    "unauthorized": (401, ""),
    "soft 404": (200, SHORT.format("Page not found", "Sorry, we could not find the page that you are looking for.")),
    "cookie wall": (200, SHORT.format("Before you continue", "We use cookies and data to deliver our services to you.")),
    "maintenance": (200, SHORT.format("Down for maintenance", "We will be back in a few hours, and we are sorry for it.")),
    "login": (200, SHORT.format("Log in", 'An account is needed to read on here.<input type="password">')),
    "program": (200, '<html><head><title>App</title></head><body><div id="root"></div>You need to enable JavaScript to run this app.</body></html>'),
    "empty": (200, "<html><head><title></title></head><body></body></html>"),
    "teaser": (200, article_page(1)[:640] + "</p></article></main></body></html>"),
}  # fmt: skip


@pytest.mark.parametrize(("status", "body"), ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize("full_text", [False, True])
def test_an_article_that_moves_to_a_bad_address_keeps_everything(
    collector: Collector, status: int, body: str, full_text: bool
) -> None:
    site = collector.site
    content = (
        "<description>" + "The river rose in the spring. " * 40 + "</description>"
        if full_text
        else ""
    )
    site.serve("/a/1", article_page(1, head=HEAD, extra=TAKEAWAYS))
    site.serve("/feed", rss(item(1, site.url("/a/1"), guid="one")), kind="application/rss+xml")
    feed = collector.feed("feed", "/feed")
    collector.run(feed)
    before = collector.stored()[0].content
    assert before.takeaways
    assert before.image
    site.on("/moved/1", lambda exchange: exchange.answer(body, status=status, kind="text/html"))
    moved = item(1, site.url("/moved/1"), guid="one").replace("</item>", f"{content}</item>")
    site.serve("/feed", rss(moved), kind="application/rss+xml")
    for _ in range(4):
        collector.run(feed)
    (article,) = collector.stored()
    after = article.content
    assert (after.title, after.authors, after.takeaways) == (
        before.title,
        before.authors,
        before.takeaways,
    )
    assert (after.image, after.sections, after.teaser) == (
        before.image,
        before.sections,
        before.teaser,
    )


def _report(collector: Collector, page: int, **parts: str) -> CollectReport:
    site = collector.site
    if page:
        site.on("/a/1", lambda exchange: exchange.answer(status=page))
    else:
        site.serve("/a/1", article_page(1))
    site.serve("/feed", rss(item(1, site.url("/a/1"), **parts)), kind="application/rss+xml")
    return collector.run(collector.feed("feed", "/feed"))


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_title_alone_is_not_an_article(collector: Collector, status: int) -> None:
    report = _report(collector, status, description="").sources[0]
    assert collector.stored() == []
    assert (report.new, len(report.skipped), report.without_page) == (0, 1, ())
    assert f"answers {status}" in report.skipped[0][1]


def test_an_article_from_the_feed_alone_is_counted_once(collector: Collector) -> None:
    report = _report(collector, 404).sources[0]
    assert (report.new, report.skipped, len(report.without_page)) == (1, (), 1)
    assert report.summary == "1 new, 1 of them without their page"


def test_a_protected_post_is_not_taken(collector: Collector) -> None:
    report = _report(
        collector, 0, description="There is no excerpt because this is a protected post."
    )
    assert collector.stored() == []
    assert "password" in report.sources[0].skipped[0][1]


def test_a_scheduled_entry_is_read_when_its_day_has_come(collector: Collector) -> None:
    report = _report(collector, 0, pubDate="Thu, 05 Nov 2026 08:00:00 GMT")
    assert "scheduled for 2026-11-05" in report.sources[0].skipped[0][1]
    assert collector.stored() == []
    for _ in range(3 * 24):
        collector.run(collector.feed("feed", "/feed"), force=False)
    assert len(collector.stored()) == 1


def test_a_title_without_a_link_is_not_an_article(collector: Collector) -> None:
    entry = "<item><title>On the River</title><guid isPermaLink='false'>1</guid></item>"
    collector.site.serve("/feed", rss(entry), kind="application/rss+xml")
    (report,) = collector.run(collector.feed("feed", "/feed")).sources
    assert report.skipped == (("On the River", "neither link nor text to read"),)
    assert collector.stored() == []


def test_a_scheduled_file_is_read_when_its_day_has_come(
    collector: Collector, tmp_path: Path
) -> None:
    front = "---\ntitle: On the River\ndate: 2026-11-05\n---\n\n"
    folder = tmp_path / "articles"
    folder.mkdir()
    (folder / "river.md").write_text(front + "The river rose, and the towns moved. " * 20)
    source = Source("files", "folder", path=folder)
    (report,) = collector.run(source).sources
    assert report.skipped == (("river.md", "scheduled for 2026-11-05; it is read then"),)
    for _ in range(3 * 24):
        collector.run(source, force=False)
    assert [article.content.published for article in collector.stored()] == [date(2026, 11, 5)]


def test_a_sitemap_index_that_has_not_changed_still_has_its_sitemaps_read(
    collector: Collector,
) -> None:
    site = collector.site
    urlset = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{}</urlset>'
    index = f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>{site.url("/s.xml")}</loc></sitemap></sitemapindex>'
    pages = [f"<url><loc>{site.serve(f'/a/{n}', article_page(n))}</loc></url>" for n in (1, 2)]
    site.on(
        "/index.xml",
        lambda exchange: exchange.answer(
            b"" if exchange.headers.get("If-None-Match") else index,
            status=304 if exchange.headers.get("If-None-Match") else 200,
            ETag='"1"',
        ),
    )
    site.serve("/s.xml", urlset.format(pages[0]))
    source = collector.feed("map", "/index.xml", kind="sitemap")
    collector.run(source)
    site.serve("/s.xml", urlset.format("".join(pages)))
    collector.run(source)
    assert len(collector.stored()) == 2


@pytest.mark.parametrize("first", ["file", "feed"])
def test_an_edit_of_its_file_takes_nothing_that_a_feed_gave_an_article(
    collector: Collector, tmp_path: Path, first: str
) -> None:
    site = collector.site
    link = site.serve("/a/1", article_page(1, head=HEAD))
    site.serve("/feed", rss(item(1, link)), kind="application/rss+xml")
    manuscript = tmp_path / "manuscripts" / "river.html"
    manuscript.parent.mkdir()
    manuscript.write_text(article_page(1), "utf-8")
    sources = {
        "file": Source("folder", "folder", path=manuscript.parent),
        "feed": collector.feed("feed", "/feed"),
    }
    for name in sorted(sources, key=lambda name: name != first):
        collector.run(sources[name])
    before = collector.stored()[0].content
    manuscript.write_text(article_page(1).replace("rose by", "sank by"), "utf-8")
    collector.run(sources["file"])
    (article,) = collector.stored()
    assert before.image
    assert (article.content.image, article.content.url) == (before.image, before.url)
    edited = "sank by" in article.content.sections[0].paragraphs[0]
    assert edited == (first == "file"), "only the source it was collected from changes its text"


def test_what_is_removed_from_the_only_file_of_an_article_is_removed(
    collector: Collector, tmp_path: Path
) -> None:
    manuscript = tmp_path / "manuscripts" / "river.html"
    manuscript.parent.mkdir()
    manuscript.write_text(article_page(1, head=HEAD, extra=TAKEAWAYS), "utf-8")
    folder = Source("folder", "folder", path=manuscript.parent)
    collector.run(folder)
    assert collector.stored()[0].content.image
    manuscript.write_text(article_page(1), "utf-8")
    collector.run(folder)
    content = collector.stored()[0].content
    assert (content.image, content.takeaways) == (None, ())
