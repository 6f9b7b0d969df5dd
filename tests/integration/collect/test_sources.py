"""The kinds of source, polite fetching, and the report about each source."""

import gzip
import struct
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from newsletter.collect import health
from newsletter.collect.extracting.extract import extract
from newsletter.collect.probe import probe
from newsletter.fetch.client import FetchLimits, open_fetcher
from newsletter.model.source import Source
from tests.fakes.pictures import png
from tests.fakes.site import Exchange, article_page, item, open_site, rss
from tests.integration.collect.conftest import Collector


def test_an_unchanged_feed_takes_a_single_conditional_request(collector: Collector) -> None:
    body = rss(item(1, collector.site.serve("/a/1", article_page(1))))

    def conditional(exchange: Exchange) -> None:
        if exchange.headers.get("If-None-Match") == '"v1"':
            exchange.answer(status=304)
        else:
            exchange.answer(body, ETag='"v1"', Last_Modified="Sun, 01 Nov 2026 00:00:00 GMT")

    collector.site.on("/feed", conditional)
    source = collector.feed("feed", "/feed")
    collector.run(source)
    before = len(collector.site.seen)
    (report,) = collector.run(source).sources
    assert report.outcome == "unchanged"
    assert len(collector.site.seen) == before + 1
    assert collector.site.sent[-1]["If-Modified-Since"] == "Sun, 01 Nov 2026 00:00:00 GMT"


def test_values_for_a_conditional_request_are_kept_only_when_everything_was_read(
    collector: Collector,
) -> None:
    collector.site.on("/a/1", lambda exchange: exchange.answer(status=500))
    collector.site.serve("/feed", rss(item(1, collector.site.url("/a/1"))), ETag='"v1"')
    source = collector.feed("feed", "/feed")
    (report,) = collector.run(source).sources
    assert "will be tried again" in report.skipped[0][1]
    assert collector.state("feed").etag == ""
    collector.site.serve("/a/1", article_page(1))
    assert collector.run(source).new == 1
    assert collector.state("feed").etag == '"v1"'


def test_without_the_page_the_content_of_the_feed_is_used(collector: Collector) -> None:
    collector.site.on("/a/1", lambda exchange: exchange.answer(status=500))
    collector.site.serve("/feed", rss(item(1, collector.site.url("/a/1"))))
    source = collector.feed("feed", "/feed")
    for _ in range(3):
        report = collector.run(source)
    assert report.new == 1
    assert collector.stored()[0].content.sections[0].paragraphs[0].startswith("What article 1 says")


def test_a_permanent_redirect_is_learned_after_three_times(collector: Collector) -> None:
    collector.site.serve("/new", rss(item(1, collector.site.serve("/a/1", article_page(1)))))
    collector.site.redirect("/old", "/new", status=301)
    source = collector.feed("feed", "/old")
    for _ in range(3):
        report = collector.run(source)
    assert (
        "moved permanently" in report.sources[0].summary
        or "moved permanently" in report.sources[0].notes[0]
    )
    collector.run(source)
    assert collector.site.asked("/old") == 3


def test_a_temporary_redirect_is_never_learned(collector: Collector) -> None:
    collector.site.serve("/new", rss(item(1, collector.site.serve("/a/1", article_page(1)))))
    collector.site.redirect("/old", "/new", status=302)
    for _ in range(4):
        collector.run(collector.feed("feed", "/old"))
    assert collector.site.asked("/old") == 4


def test_a_source_is_read_again_when_it_is_due_and_not_before(collector: Collector) -> None:
    collector.site.serve("/feed", rss(item(1, collector.site.serve("/a/1", article_page(1)))))
    source = collector.feed("feed", "/feed", every=timedelta(hours=3))
    collector.run(source)
    (report,) = collector.run(source, force=False).sources
    assert report.outcome == "not due"
    collector.now += timedelta(hours=3)
    assert collector.run(source, force=False).sources[0].outcome == "unchanged"


@pytest.mark.parametrize("change", [{"topics": ("trade",)}, {"every": timedelta(hours=9)}])
def test_a_source_whose_configuration_changed_is_due_now(
    collector: Collector, change: dict[str, object]
) -> None:
    collector.site.serve("/feed", rss(item(1, collector.site.serve("/a/1", article_page(1)))))
    source = collector.feed("feed", "/feed", every=timedelta(hours=5))
    collector.run(source, force=False)
    assert collector.run(source, force=False).sources[0].outcome == "not due"
    changed = replace(source, **change)  # type: ignore[arg-type] - the fields of a source
    assert collector.run(changed, force=False).sources[0].outcome != "not due"
    assert collector.run(changed, force=False).sources[0].outcome == "not due"


def test_what_an_address_answered_is_not_told_to_another(collector: Collector) -> None:
    body = rss(item(1, collector.site.serve("/a/1", article_page(1))))
    collector.site.serve("/feed", body, ETag='"v1"', Last_Modified="Sun, 01 Nov 2026 00:00:00 GMT")
    collector.site.serve("/other", body)
    source = collector.feed("feed", "/feed")
    collector.run(source)
    assert collector.state("feed").etag == '"v1"'
    collector.run(replace(source, url=collector.site.url("/other")))
    sent = [
        headers
        for (_, path), headers in zip(collector.site.seen, collector.site.sent, strict=True)
        if path == "/other"
    ]
    assert len(sent) == 1
    assert "If-None-Match" not in sent[0]
    assert "If-Modified-Since" not in sent[0]


@pytest.mark.parametrize(
    "headers",
    [
        {"Cache_Control": "max-age=36000"},
        {"Expires": "Mon, 02 Nov 2026 19:00:00 GMT", "Date": "Mon, 02 Nov 2026 09:00:00 GMT"},
    ],
)
def test_retry_after_delays_the_next_check(collector: Collector, headers: dict[str, str]) -> None:
    page = collector.site.serve("/a/1", article_page(1))
    collector.site.serve("/feed", rss(item(1, page)), kind="text/xml", **headers)
    start = collector.now
    collector.run(collector.feed("feed", "/feed"))
    due = collector.state("feed").next_check_at
    assert due is not None
    assert due - start >= timedelta(hours=9, minutes=59)


def test_a_failing_source_is_read_less_and_less_often(collector: Collector) -> None:
    collector.site.on("/feed", lambda exchange: exchange.answer(status=500))
    source = collector.feed("feed", "/feed", every=timedelta(minutes=30))
    pauses = []
    for _ in range(4):
        start = collector.now
        collector.run(source)
        due = collector.state("feed").next_check_at
        assert due is not None
        pauses.append(due - start)
    assert all(later > 1.5 * sooner for sooner, later in pairwise(pauses))


def test_robots_txt_is_read_before_pages_and_obeyed(collector: Collector) -> None:
    collector.site.serve(
        "/robots.txt", "User-agent: *\nDisallow: /members/\nAllow: /members/free", kind="text/plain"
    )
    links = [
        collector.site.serve(path, article_page(n))
        for n, path in enumerate(("/members/1", "/members/free/2"), 1)
    ]
    collector.site.serve("/feed", rss(*(item(n, link) for n, link in enumerate(links, 1))))
    (report,) = collector.run(collector.feed("feed", "/feed")).sources
    assert collector.site.asked("/members/1") == 0
    assert collector.site.asked("/members/free/2") == 1
    assert collector.site.asked("/robots.txt") == 1
    assert any("robots.txt" in why for _, why in report.without_page)


def test_a_listing_page_gives_its_articles_and_reports_its_guess(collector: Collector) -> None:
    site = collector.site
    cards = "".join(
        f'<article><h2><a href="{site.serve(f"/analysis/the-river-{n}", article_page(n))}">Article number {n} about the river</a></h2></article>'
        for n in range(1, 5)
    )
    site.serve(
        "/list",
        f'<html><body><nav><a href="/about">About the institute</a></nav><main>{cards}'
        '<a href="/people/jane">Jane Rivers, Fellow</a><a href="https://elsewhere.example/x">Elsewhere</a>'
        "</main></body></html>",
    )
    (report,) = collector.run(collector.feed("list", "/list", kind="page")).sources
    assert report.new == 4
    assert "guessed: /analysis/" in report.notes[0]
    reasons = dict(report.skipped)
    assert reasons["https://elsewhere.example/x"] == "on another site"
    assert site.asked("/people/jane") == 0


def test_patterns_choose_the_links_of_a_page(collector: Collector) -> None:
    site = collector.site
    links = "".join(
        f'<a href="{site.serve(f"/{kind}/{n}", article_page(n))}">x</a>'
        for n, kind in enumerate(("essay", "essay", "event"), 1)
    )
    site.serve("/list", f"<html><body>{links}</body></html>")
    source = collector.feed("list", "/list", kind="page", links="/essay/", ignore="/essay/2$")
    assert collector.run(source).new == 1


def test_a_sitemap_index_with_a_zipped_sitemap_gives_its_newest(collector: Collector) -> None:
    site = collector.site
    records = "".join(
        f"<url><loc>{site.serve(f'/p/{n}', article_page(n))}</loc><lastmod>2026-10-{n:02}</lastmod></url>"
        for n in range(1, 5)
    )
    names = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    inner = gzip.compress(f"<urlset {names}>{records}</urlset>".encode())
    zipped = site.serve("/map.xml.gz", inner, kind="application/gzip")
    site.serve(
        "/map.xml", f"<sitemapindex {names}><sitemap><loc>{zipped}</loc></sitemap></sitemapindex>"
    )
    source = collector.feed("map", "/map.xml", kind="sitemap", backfill=2)
    (report,) = collector.run(source).sources
    assert (report.new, report.count("seen")) == (2, 2)
    assert site.asked("/p/4") == 1
    assert site.asked("/p/1") == 0


def test_a_json_feed_is_collected(collector: Collector) -> None:
    text = "The river rose in the spring, and the towns moved their markets up the hills. " * 3
    collector.site.serve(
        "/feed.json",
        '{"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [{"id": 7, "title": "On the River",'
        f' "content_text": "{text}", "date_published": "2026-10-20T10:00:00+09:00", "tags": ["Rivers"]}}]}}',
        kind="application/feed+json",
    )
    assert collector.run(collector.feed("json", "/feed.json")).new == 1
    content = collector.stored()[0].content
    assert (content.title, content.topics) == ("On the River", ("Rivers",))
    assert str(content.published) == "2026-10-20"


def test_each_bad_file_is_a_line_in_the_report(collector: Collector, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text(
        "A Title for the River\nBy Jane Rivers\n\n" + "The river rose. " * 30
    )
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "binary.html").write_bytes(bytes(range(256)) * 40)
    with (tmp_path / "huge.html").open("wb") as file:
        file.truncate(50_000_000)
    (tmp_path / "broken.html").symlink_to(tmp_path / "nowhere")
    (tmp_path / "notes.docx").write_bytes(b"PK")
    for _ in range(2):
        (report,) = collector.run(Source("files", "folder", path=tmp_path)).sources
    reasons = dict(report.skipped)
    assert reasons["empty.txt"] == "empty"
    assert "binary" in reasons["binary.html"]
    assert "too large" in reasons["huge.html"]
    assert "neither HTML, Markdown nor text" in reasons["notes.docx"]
    assert len(collector.stored()) == 1


def test_odd_entries_are_kept_or_reported_and_dates_are_never_invented(
    collector: Collector,
) -> None:
    site = collector.site
    long = "A text that the feed itself carries, about the river and its towns. " * 4
    site.serve(
        "/feed",
        rss(
            item(1, site.serve("/a/1", article_page(1)), pubDate=""),
            item(2, site.serve("/a/2", article_page(2)), title=""),
            item(3, "", guid="", description=long),
            "<item></item>",
            item(4, site.serve("/a/4", article_page(4)), pubDate="Thu, 01 Jan 1970 00:00:00 GMT"),
            item(5, site.serve("/a/5", article_page(5)), pubDate="Thu, 01 Jan 2099 00:00:00 GMT"),
            item(6, site.serve("/a/6", article_page(6)), pubDate="2026년 9월 25일"),
        ),
    )
    (report,) = collector.run(collector.feed("feed", "/feed")).sources
    dates = {
        article.content.title.split()[2]: article.content.published
        for article in collector.stored()
    }
    assert {number: str(day) for number, day in dates.items() if day} == {
        "2": "2026-10-03", "3": "2026-10-04", "6": "2026-09-25",
    }  # fmt: skip
    assert report.new == 6
    assert ("entry 4", "neither title, link nor text") in report.skipped


@pytest.mark.parametrize(
    ("encoding", "label"),
    [
        ("utf-8", "iso-8859-1"),
        ("euc-kr", "utf-8"),
        ("euc-kr", "euc-kr"),
        ("cp949", ""),
        ("utf-16", "utf-8"),
    ],
)
def test_a_wrong_label_does_not_garble_the_text(
    collector: Collector, encoding: str, label: str
) -> None:
    words = "봄에 강물이 불어났고 마을들은 장터를 언덕 위로 옮겼다. 아무도 그 보고서를 청하지 않았으나 모두가 그것을 읽었다. "
    feed = rss(item(1, "", guid="g", title="강과 마을들", description=words * 6)).replace(
        'encoding="UTF-8"', f'encoding="{label or "UTF-8"}"'
    )
    collector.site.serve(
        "/feed", feed.encode(encoding), kind=f"text/xml; charset={label}" if label else "text/xml"
    )
    collector.run(collector.feed("feed", "/feed"))
    assert [article.content.title for article in collector.stored()] == ["강과 마을들"]


def test_null_characters_in_a_feed_are_ignored(collector: Collector) -> None:
    page = collector.site.serve("/a/1", article_page(1).encode().replace(b"river", b"ri\0ver"))
    collector.site.serve("/feed", rss(item(1, page)).encode().replace(b"about", b"ab\0out"))
    assert collector.run(collector.feed("feed", "/feed")).new == 1
    assert "\0" not in str(collector.stored()[0].content)


def test_a_login_page_is_not_mistaken_for_the_article(collector: Collector) -> None:
    page = '<html><head><title>Sign in</title></head><body><h1>Sign in</h1><p>Please sign in to go on reading this and much more.</p><form><input type="password"></form></body></html>'
    collector.site.serve("/feed", rss(item(1, collector.site.serve("/a/1", page))))
    (report,) = collector.run(collector.feed("feed", "/feed")).sources
    assert "login page" in report.without_page[0][1]
    assert collector.stored()[0].content.title == "Article number 1 about the river"


def test_the_health_of_sources_is_described(collector: Collector) -> None:
    collector.site.serve("/feed", rss(item(1, collector.site.serve("/a/1", article_page(1)))))
    collector.site.on("/shut", lambda exchange: exchange.answer(status=403))
    collector.site.serve("/empty", rss())
    sources = [collector.feed(name, f"/{name}") for name in ("feed", "shut", "empty")]
    collector.run(*sources)
    collector.now += timedelta(days=21)
    with collector.engine.connect() as connection:
        rows = {
            row.source: row.health
            for row in health.rows(
                connection, [*sources, collector.feed("late", "/x")], collector.now
            )
        }
    assert rows["feed"] == "nothing new for 21 days"
    assert rows["shut"].startswith("answers 403 (forbidden) since 2 November")
    assert rows["empty"] == "readable but empty"
    assert rows["late"] == "not checked yet"


def test_testing_a_source_stores_nothing(collector: Collector) -> None:
    collector.site.serve(
        "/feed",
        rss(
            *(item(n, collector.site.serve(f"/a/{n}", article_page(n))) for n in range(1, 9)),
            "<item/>",
        ),
    )
    fetcher = open_fetcher(
        lambda: collector.now, collector.seed, limits=FetchLimits(rest_seconds=0.001)
    )
    found = probe(collector.engine, collector.feed("feed", "/feed"), fetcher, lambda: collector.now)
    fetcher.close()
    assert [row.verdict for row in found.rows].count("new") == 5
    assert found.skipped == (("entry 9", "neither title, link nor text"),)
    assert collector.stored() == []
    with collector.engine.connect() as connection:
        assert (
            health.rows(connection, [collector.feed("feed", "/feed")], collector.now)[0].tone
            == "soft"
        )


def test_files_outside_a_folder_are_not_read(collector: Collector, tmp_path: Path) -> None:
    folder, secret = tmp_path / "articles", tmp_path / "secret.txt"
    folder.mkdir()
    secret.write_text("Not for readers\n\nBy Nobody\n\nThis must stay where it is. " * 9)
    (folder / "leak.txt").symlink_to(secret)
    (report,) = collector.run(Source("folder", "folder", path=folder)).sources
    assert report.new == 0
    assert report.skipped == (("leak.txt", "not read: it links to a file outside the folder"),)


def test_an_image_outside_a_folder_is_not_taken(collector: Collector, tmp_path: Path) -> None:
    folder, secret = tmp_path / "articles", tmp_path / "secret.png"
    folder.mkdir()
    secret.write_bytes(png(300, 200))
    (folder / "pier.png").symlink_to(secret)
    (folder / "a.html").write_text(article_page(1, extra='<img src="pier.png" alt="A pier">'))
    (report,) = collector.run(Source("folder", "folder", path=folder)).sources
    (stored,) = collector.stored()
    image = stored.content.image
    assert (report.problem, image is None or image.url == "") == ("", True)


@pytest.mark.parametrize("name", ["a%00.png", f"{'x' * 300}.png"])
def test_a_name_that_no_image_can_have_does_not_fail_a_folder(
    collector: Collector, tmp_path: Path, name: str
) -> None:
    (tmp_path / "a.html").write_text(article_page(1, extra=f'<img src="{name}" alt="A pier">'))
    (report,) = collector.run(Source("folder", "folder", path=tmp_path)).sources
    assert (report.new, report.problem) == (1, "")


@pytest.mark.parametrize("address", ["javascript:alert(3)", "data:text/html,x", "file:///etc/x"])
def test_an_address_that_is_not_a_page_is_not_a_canonical_address(address: str) -> None:
    page = article_page(1, head=f'<link rel="canonical" href="{address}">')
    assert extract(page.encode(), name="page.html").url == ""


def test_allow_private_opens_only_the_address_of_the_source(collector: Collector) -> None:
    """What a feed links to comes from outside, also if it is on the same machine."""
    with open_site() as other:
        other.serve("/a/2", article_page(2))
        site = collector.site
        site.serve("/a/1", article_page(1))
        site.serve("/feed", rss(item(1, site.url("/a/1")), item(2, other.url("/a/2"))))
        report = collector.run(collector.feed("feed", "/feed")).sources[0]
        assert other.seen == []
        ((_, reason),) = report.without_page
        assert (
            f'only a source with url = "{other.url("")}/…" and allow_private = true opens it'
            in reason
        )
        site.redirect("/moved", other.url("/feed"))
        moved = collector.run(collector.feed("moved", "/moved")).sources[0]
        assert moved.problem.startswith("not fetched: 127.0.0.1, a private address; only a source")


@pytest.mark.parametrize(
    ("size", "kept"), [((1200, 800), True), ((90, 90), False), ((1, 1), False), (None, True)]
)
def test_the_real_size_of_a_picture_is_stored(
    collector: Collector, size: tuple[int, int] | None, kept: bool
) -> None:
    site = collector.site
    head = (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", *size) if size else b"no picture"
    )
    picture = site.serve("/pier.png", head + bytes(200_000), kind="image/png")
    meta = f'<meta property="og:image" content="{picture}">'
    site.serve("/feed", rss(item(1, site.serve("/a/1", article_page(1, head=meta)))))
    collector.run(collector.feed("feed", "/feed"))
    image = collector.stored()[0].content.image
    assert (image is not None) is kept
    if image and size:
        assert (image.width, image.height) == size
