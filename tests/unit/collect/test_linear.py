"""No document costs more than linear time, whatever it repeats."""

import contextlib
import gc
import logging
import time
from collections.abc import Callable

import pytest

from newsletter.collect.deciding.walls import is_login
from newsletter.collect.extracting.extract import extract
from newsletter.collect.finding.feeds import read_feed
from newsletter.collect.finding.pages import read_page
from newsletter.collect.finding.sitemaps import read_sitemap
from newsletter.errors import ExtractFailed
from newsletter.fetch.robots import read_robots

SMALL, FACTOR = 5_000, 6
START = "<html><head><title>On the River</title></head><body><main><h1>On the River</h1>" + (
    "<p>The river rose in the spring of that year and the towns moved their markets up the hill, which no one had planned.</p>" * 3
)  # fmt: skip
UNITS = (
    "<sup>1</sup>", "<sup>", '<a href="/x">x</a> ', "<p></p>", "<p>", "<span>x</span>", "<span>", "<div>", "<b>x", "<td>x</td>", "<li>x</li>",
    "<ul><li>", "<p>- a<br>", "<br>", "<h2>Heading</h2><p>text</p>", '<p id="a"><a href="#a">x</a></p>', '<img src="/a.jpg">', "<input ",
    "<input type=password>", "<", "&amp;", "<!-- ", "<h2>Key Takeaways</h2><ul><li>x y z w v.</li></ul>", "<p>Key takeaway: word</p>",
    '<p class="byline">By </p>', '<p class="author">x</p>', "<time>5 October 2026</time>", "By Ada ", "<div hidden>x", "<nav><p>x",
    "<details><summary>x</summary>", "<dl><dt>x<dd>y", "<svg><g>", "<select><option>x", "<table><tr><td>x", "a.[1] ", "<p>[1] note</p>",
    "<p>word word word word word word word word word word word word.</p>", "&#55357;", "\u202e", "e\u0301",
)  # fmt: skip
MARKDOWN = (
    "[",
    "[a](",
    "x[^1] ",
    "[^1]: note\n",
    "|x|y|\n",
    "- a\n",
    "*a ",
    "_a_b",
    "`a``b",
    "> ",
    "[a]: /x\n",
    "<a ",
    "&a",
    "![",
)
TEXTS = (
    "word word\n",
    "- word\n",
    "#a ",
    "A, ",
    "[1] a\n",
    "1",
    "\n",
    "2026-10-",
    "By ",
    "/",
    "www.",
)
FEED = "<rss><channel><item><title>T t</title><guid>1</guid><description><![CDATA[{}]]></description></item></channel></rss>"


def html(unit: str) -> Callable[[int], bytes]:
    return lambda size: (START + unit * (size // len(unit))).encode()


def _article(name: str) -> Callable[[bytes], object]:
    return lambda raw: extract(raw, name=name, url="https://example.org/a")


Case = tuple[Callable[[bytes], object], Callable[[int], bytes]]
CASES: dict[str, Case] = {
    **{f"html {unit}": (_article("a.html"), html(unit)) for unit in UNITS},
    **{f"markdown {unit!r}": (_article("a.md"), lambda size, unit=unit: ("# T\n\nText text text.\n\n" + unit * (size // len(unit))).encode()) for unit in MARKDOWN},
    **{f"text {unit!r}": (_article("a.txt"), lambda size, unit=unit: ("Title\n\nBy " + unit * (size // len(unit))).encode()) for unit in TEXTS},
    "front matter": (_article("a.md"), lambda size: ("---\ntags:\n" + "- a\n" * (size // 4) + "---\n\n# T\n\nText.").encode()),
    "attributes": (_article("a.html"), lambda size: (START + "<p " + "".join(f'a{n}="x" ' for n in range(size // 8)) + ">x</p>").encode()),
    "json-ld": (_article("a.html"), lambda size: ('<script type="application/ld+json">' + "[" * size + "</script>" + START).encode()),
    **{f"feed {unit}": (read_feed, lambda size, unit=unit: FEED.format(unit * (size // len(unit))).encode())
       for unit in ("<script>", "<b>", "<b ", "<img ", '<a href="', "T t. ", "&amp;amp;", "<!--", "<p>x</p>")},
    "feed items": (read_feed, lambda size: ("<rss><channel>" + "<item><title>x</title></item>" * (size // 30)).encode()),
    "feed links": (read_feed, lambda size: ("<html><head>" + "<link " * (size // 6)).encode()),
    "feed prolog": (read_feed, lambda size: ("<?xml " + " " * size + "<rss><channel></channel></rss>").encode()),
    "json feed": (read_feed, lambda size: ('{"version":"https://jsonfeed.org/version/1","items":[' + ",".join(['{"id":1}'] * (size // 9)) + "]}").encode()),
    "listing": (lambda raw: read_page(raw, url="https://example.org/"), lambda size: ("<div>" + '<a href="/2026/abc-def-ghi">A title of some length</a><time>x</time>' * (size // 75)).encode()),
    "sitemap": (read_sitemap, lambda size: ("<urlset>" + "<url><loc>https://e.org/a</loc></url>" * (size // 40) + "</urlset>").encode()),
    "sitemap, nested": (read_sitemap, lambda size: ("<urlset>" + "<url>" * (size // 5)).encode()),
    "passwords": (lambda raw: is_login(raw.decode()), lambda size: (b"<input " * (size // 7))),
    "robots, agents before rules": (lambda raw: read_robots(raw, "newsletter"), lambda size: b"User-agent: *\n" * (size // 28) + b"Disallow: /a\n" * (size // 2)),
    "password attributes": (lambda raw: is_login(raw.decode()), lambda size: (b"type=password " * (size // 14))),
}  # fmt: skip


RUNS = (
    " ", "\xa0", " \t", "\u3000", "a", "1", "A", "a ", "1 ", "- ", "| ", "(", "[", "{", "{a", "@", "a@", "</", "*", "_", "`", "www.", "http://a", "by ", "By A ", "2026-1", "/1",
    ", ", "; ", "a-", "ab.", "“", "한", "。", "# ", "1/1/", "\u2191", "and ", "am ", "Jan ", "[^a", " :", "a:", "\\", "x\u200b",
)  # fmt: skip
"""What a careless pattern repeats. Each is tried in every field of a document at once."""


def _page(run: str) -> bytes:
    head = f'<title>T {run}x</title><meta name="author" content="{run}x"><meta name="keywords" content="{run}x"><meta property="article:published_time" content="{run}x">'
    body = f'<h1>T {run}x</h1><p class="byline">By {run}x</p><time>{run}x</time><p>Some words {run}x</p><h2>{run}x</h2><ul><li>{run}x</li></ul><a href="/{run}x">{run}x</a>'
    return f"<html><head>{head}</head><body><main>{body}{START}</main></body></html>".encode()


def _feed(run: str) -> bytes:
    fields = "".join(
        f"<{name}>{run}x</{name}>"
        for name in (
            "title",
            "author",
            "pubDate",
            "category",
            "guid",
            "link",
            "dc:creator",
            "dc:publisher",
            "description",
        )
    )
    return f"<rss><channel><title>{run}x</title><item>{fields}</item></channel></rss>".encode()


def _run(unit: str, make: Callable[[str], bytes]) -> Callable[[int], bytes]:
    return lambda size: make(unit * (size // 2 // len(unit)))


for _unit in RUNS:
    CASES |= {
        f"run in a page {_unit!r}": (_article("a.html"), _run(_unit, _page)),
        f"run in a listing {_unit!r}": (lambda raw: read_page(raw, url="https://example.org/"), _run(_unit, _page)),
        f"run in a text {_unit!r}": (_article("a.txt"), _run(_unit, lambda run: f"Title\n\nBy {run}x\n\nSome words of a text. {run}x\n\nMore words of a text.".encode())),
        f"run in Markdown {_unit!r}": (_article("a.md"), _run(_unit, lambda run: f"---\ntitle{run}x\nauthor: {run}x\n---\n# T {run}x\n\nSome words of a text. {run}x\n\nMore words.".encode())),
        f"run in a feed {_unit!r}": (read_feed, _run(_unit, _feed)),
    }  # fmt: skip


def _seconds(read: Callable[[bytes], object], raw: bytes) -> float:
    """Return the processor time of one reading; another process on the machine does not count."""
    began = time.process_time()
    with contextlib.suppress(ExtractFailed):
        read(raw)
    return time.process_time() - began


@pytest.mark.parametrize(("read", "make"), CASES.values(), ids=CASES.keys())
def test_the_time_grows_no_faster_than_the_document(
    read: Callable[[bytes], object], make: Callable[[int], bytes]
) -> None:
    logging.disable(logging.ERROR)
    gc.disable()
    try:
        _seconds(read, make(2000))
        small = min(_seconds(read, make(SMALL)) for _ in range(2))
        bound = 2.5 * FACTOR * small + 0.1
        large = _seconds(read, make(SMALL * FACTOR))
        for _ in range(2):  # a busy machine, or a walk over all objects, may slow a single reading
            if large > bound:
                large = min(large, _seconds(read, make(SMALL * FACTOR)))
    finally:
        gc.enable()
        logging.disable(logging.NOTSET)
    # Quadratic time would be thirty-six times as much.
    assert large <= bound
