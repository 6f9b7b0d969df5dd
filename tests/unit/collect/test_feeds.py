"""Feeds of every dialect give the same entries, without invented dates or links."""

import importlib.util
from pathlib import Path

import pytest

from newsletter.collect.entry import Entry, Listing
from newsletter.collect.finding.feeds import read_feed
from newsletter.errors import ExtractFailed
from newsletter.model.article import Author
from tests.fakes.site import item, rss

ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en" xml:base="https://example.org/sub/">
<title>A feed</title><entry><id>tag:example.org,2026:1</id><title type="html">On &lt;em&gt;the&lt;/em&gt; River</title>
<link href="river"/><published>2026-10-05T10:00:00+09:00</published><author><name>Jane Rivers</name></author>
<category term="Rivers"/><content type="html">&lt;p&gt;Text &lt;a href="map"&gt;map&lt;/a&gt;&lt;/p&gt;</content></entry></feed>"""
RDF = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://example.org/"><title>A feed</title></channel>
<item rdf:about="https://example.org/sub/river"><title>On the River</title><link>https://example.org/sub/river</link>
<dc:creator>Jane Rivers</dc:creator><dc:date>2026-10-05T10:00:00+09:00</dc:date><dc:subject>Rivers</dc:subject></item></rdf:RDF>"""
RSS = rss(
    "<item><title>On the River</title><link>https://example.org/sub/river</link><author>jane@example.org (Jane Rivers)</author>"
    "<pubDate>Mon, 05 Oct 2026 10:00:00 +0900</pubDate><category>Rivers</category></item>"
)
JSON = """{"version": "https://jsonfeed.org/version/1.1", "title": "A feed", "home_page_url": "https://example.org/sub/", "items": [
{"id": "1", "url": "river", "title": "On the River", "date_published": "2026-10-05T10:00:00+09:00",
"authors": [{"name": "Jane Rivers"}], "tags": ["Rivers"]}]}"""


def only(text: str, url: str = "https://example.org/feed") -> Entry:
    (entry,) = read_feed(text.encode(), url=url).entries
    return entry


@pytest.mark.parametrize("text", [ATOM, RDF, RSS, JSON], ids=["atom", "rdf", "rss", "json"])
def test_every_dialect_gives_the_same_entries(text: str) -> None:
    entry = only(text)
    assert (entry.title, entry.url) == ("On the River", "https://example.org/sub/river")
    assert (entry.authors, entry.topics) == ((Author("Jane Rivers"),), ("Rivers",))
    assert entry.when is not None
    assert str(entry.when.day) == "2026-10-05"


def test_relative_links_are_resolved_against_their_base() -> None:
    assert 'href="https://example.org/sub/map"' in only(ATOM).html


RELATIVE = {
    "link": "<link>river</link>",
    "marked link": "<LINK> <![CDATA[ river ]]></LINK>",
    "Atom link": '<atom:link rel="alternate" type="text/html" href="river"/>',
    "guid": "<guid>river</guid>",
    "permalink": '<guid isPermaLink="true">river</guid>',
    "base of a link": '<link xml:base="/sub/">river</link>',
    "base of the entry": '<atom:link xml:base="/sub/" href="river"/>',
}


@pytest.mark.parametrize("address", RELATIVE.values(), ids=RELATIVE)
def test_the_address_of_a_feed_completes_relative_ones(address: str) -> None:
    space = 'xmlns:atom="http://www.w3.org/2005/Atom"'
    found = only(
        f'<rss version="2.0" {space}><channel><item><title>On the River</title>{address}</item></channel></rss>',
        "https://example.org/sub/feed",
    )
    assert found.url == "https://example.org/sub/river"


def test_only_permalinks_are_completed_to_addresses() -> None:
    guids = (
        "<guid>7</guid>",
        '<guid isPermaLink="false">7</guid>',
        "<guid>tag:e.org,2026:7</guid>",
    )
    found = [
        only(rss(f"<item><title>A title</title>{guid}</item>"), "https://example.org/feed").guid
        for guid in guids
    ]
    assert found == ["https://example.org/7", "7", "tag:e.org,2026:7"]


@pytest.mark.parametrize("base", ["", ' xml:base="/sub/"'])
def test_links_in_the_content_are_completed(base: str) -> None:
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>A feed</title><entry><id>tag:e.org,2026:1</id>'
        f'<link href="https://example.org/river"/><content type="html"{base}>&lt;a href="map"&gt;map&lt;/a&gt;'
        "</content></entry></feed>"
    )
    assert 'href="https://example.org/sub/map"' in only(atom, "https://example.org/sub/feed").html


def test_blank_lines_before_the_declaration_change_nothing() -> None:
    assert read_feed(b"\n \n" + ATOM.encode()) == read_feed(ATOM.encode())


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("2025년 9월 25일", "2025-09-25"),
        ("2025. 9. 25.", "2025-09-25"),
        ("Thu, 25 Sep 2025 00:30:00 KST", "2025-09-25"),
        ("10", None),
        ("soon", None),
        ("", None),
    ],
)
def test_the_raw_date_is_read_and_never_invented(raw: str, read: str | None) -> None:
    when = only(rss(item(1, "https://example.org/a", pubDate=raw))).when
    assert (str(when.day) if when else None) == read


def test_an_invalid_character_does_not_break_the_feed() -> None:
    listing = read_feed(
        rss(item(1, "https://example.org/a", title="A \x0b river & a town \x08"), item(2)).encode()
    )
    assert len(listing.entries) == 2


def test_the_fingerprint_changes_with_the_words_and_not_with_the_markup() -> None:
    first, markup, edited = (
        only(rss(item(1, "https://example.org/a", description=text)))
        for text in ("The river rose.", "The &lt;b&gt;river&lt;/b&gt; rose.", "The river fell.")
    )
    assert first.key == markup.key == edited.key
    assert first.fingerprint == markup.fingerprint != edited.fingerprint


def test_a_page_instead_of_a_feed_names_the_feed_it_advertises() -> None:
    page = '<html><head><link rel="alternate" type="application/rss+xml" href="/rss.xml"></head><body>x</body></html>'
    with pytest.raises(ExtractFailed, match=r"names this feed: https://example.org/rss.xml"):
        read_feed(page.encode(), url="https://example.org/news")


def test_the_ttl_of_a_feed_is_read() -> None:
    assert read_feed(rss(item(1), head="<ttl>90</ttl>").encode()).ttl_seconds == 5400


@pytest.mark.parametrize(
    "text",
    [
        '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": 7, "title": 9, "url": [], "authors": "x", "tags": {"a": 1}}, 5, null]}',
        '{"version": "https://jsonfeed.org/version/1", "items": {"a": 1}, "author": []}',
        '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": null, "content_text": "x"}], "icon": 3}',
    ],
)  # fmt: skip
def test_a_field_of_the_wrong_type_in_a_json_feed_is_ignored(text: str) -> None:
    assert isinstance(read_feed(text.encode()), Listing)


def test_the_shared_feeds_are_all_read(shared: Path) -> None:
    paths = [
        path
        for path in (shared / "data" / "feeds" / "real").iterdir()
        if path.suffix in {".rss", ".atom"}
    ]
    refused = []
    for path in paths:
        try:
            read_feed(path.read_bytes(), url="https://example.org/feed")
        except ExtractFailed as error:
            refused.append((path.name, str(error)))
    assert refused == [("unrecognized.rss", "a web page instead of a feed")]


def test_the_shared_json_feeds_are_all_right(shared: Path) -> None:
    place = Path(__file__).parents[3] / "bench" / "extract.py"
    spec = importlib.util.spec_from_file_location("bench_extract", place)
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
    figure = bench._json_feeds(shared / "data" / "feeds" / "json_feed")  # noqa: SLF001 - the benchmark's own comparison
    assert figure.value == 32


def test_the_picture_of_a_short_description_is_kept() -> None:
    text = (
        "<description>&lt;img src='https://example.org/pier.jpg'&gt; The council met.</description>"
    )
    entry = only(rss(f"<item><title>Pier</title><link>https://example.org/1</link>{text}</item>"))
    assert (entry.summary, entry.html) == ("The council met.", "")
    assert entry.image is not None
