"""Outside text of every kind for long: each reader gives a result or a reason, in little time.

`make torture` runs it for an hour in all and prints the counts. TORTURE_FUZZ_SECONDS sets another
time, and ARGS="-k 'fuzz and csv'" runs one part. A failure prints the input.
"""

import contextlib
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from newsletter.collect.extracting.extract import extract
from newsletter.collect.finding.feeds import read_feed
from newsletter.collect.finding.pages import read_page
from newsletter.collect.finding.sitemaps import read_sitemap
from newsletter.edit import sheet
from newsletter.edit.operations import Draft, applied, numbered
from newsletter.edit.sentences import split
from newsletter.edit.takeaways import takeaways
from newsletter.edit.teaser import teasers
from newsletter.errors import ExtractFailed, NotAllowed
from newsletter.fetch.robots import read_robots
from subscribers import segment
from subscribers.errors import ImportRefused, SegmentError
from subscribers.roster.reading import open_listing
from subscribers.roster.row import Terms
from subscribers.roster.run import ImportJob, review
from subscribers.tokens import Purpose, Signer
from tests.fakes import manuscripts
from tests.fakes.clocks import stopped_after

pytestmark = [
    pytest.mark.torture,
    pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning"),  # long inputs
]

SECONDS = float(os.environ.get("TORTURE_FUZZ_SECONDS", "3600"))
EACH = 15.0
"""The most seconds for one input. A parsing process would be stopped after 20."""
NOW = datetime(2026, 11, 28, tzinfo=UTC)
SIGNER = Signer((b"k" * 32, b"o" * 32))
TOKEN = SIGNER.mint(7, "weekly", Purpose.ISSUE)
DRAFT = numbered(Draft("", "", "Good morning{name}.", (), manuscripts.GOOD[:4]))
SHEET = sheet.write(manuscripts.issue(), DRAFT)

MARKUP = (
    "<html><body><main>", "<h1>On the River</h1>", "<p>The river rose in the spring of that year, and no one had planned it.</p>", "<p>", "</p>", "<div hidden>",
    "<ul><li>", "</ul>", "<table><tr><td>", "<h2>Key Takeaways</h2>", "<sup>1</sup>", "[1]", "<a href='#a'>", "</a>", "<a id=a>", "<img src='/a.jpg' width=9>",
    "<time datetime='2026-10-05'>", "By Ada Quell and Bo Lind", "5 October 2026", "<script type='application/ld+json'>", '{"@type":"Article","author":[{"name":"A"}]}',
    "</script>", "<meta property='og:title' content='", "'>", "<base href='//[", "<svg><foreignObject>", "<template>", "<!--", "-->", "<![CDATA[", "]]>", "&#0;", "&lt;",
    "\u202e", "\x85", "\ud7ff", "항구의 밤", "。", "ﬁ", "e\u0301", "\0", "\r", "\n\n", "\t", " ", "x" * 300,
)  # fmt: skip
FEEDS = (
    "<rss version='2.0'><channel>", "<item>", "</item>", "<title>", "</title>", "<link>https://e.org/a</link>", "<guid>", "</guid>", "<pubDate>Mon, 05 Oct 2026 10:00 GMT</pubDate>",
    "<description>", "<feed xmlns='http://www.w3.org/2005/Atom'>", "<entry>", "<updated>2026</updated>", "<content type='xhtml'>", "<author><name>", "<category term='",
    "<!DOCTYPE a [<!ENTITY b 'c'>]>", "&b;", "<?xml version='1.0' encoding='utf-16'?>", '{"version":"https://jsonfeed.org/version/1.1","items":[', '{"id":1,"url":"', "]}",
    "<urlset>", "<url><loc>", "</loc>", "<lastmod>2026-13-45</lastmod>", "<sitemapindex><sitemap>", *MARKUP[:12],
)  # fmt: skip
MARKDOWN = (
    "# T\n",
    "---\n",
    "title: x\n",
    "tags: [a, b\n",
    "|a|b|\n|-|-|\n",
    "[^1]",
    "[^1]: n\n",
    "[a](b",
    "**",
    "`",
    "> ",
    "- ",
    "1. ",
    "By Ada\n",
    "words of a text. ",
    "\n\n",
    "<b>",
)
ROBOTS = (
    "User-agent: *\n",
    "User-agent: newsletter\n",
    "Disallow: /",
    "Allow: /",
    "*",
    "$",
    "a",
    "b",
    "%2F",
    "%",
    "\n",
    "#",
    "Crawl-delay: 1.5\n",
    ":",
    "\ufeff",
    "\0",
)
SEGMENTS = (
    "a",
    "tag",
    " and ",
    " or ",
    " not ",
    "(",
    ")",
    '"',
    "'",
    "everyone",
    " ",
    "한국",
    "-",
    "&",
    "in ",
    "\n",
    "readers",
    "no",
    ",",
    "\u202e",
)
CELLS = (
    "email",
    "name",
    "status",
    "tags",
    "ann@example.org",
    "=1+1",
    ",",
    ";",
    "\t",
    "|",
    '"',
    "\n",
    "\r\n",
    "\r",
    "Ann",
    "unsubscribed",
    "2026-01-02",
    "ß",
    "é",
    "\ufeff",
    "{",
    "}",
    '{"email":"a@b.org"}',
    "\0",
    "a+b@c.de",
    "@",
    "\x1a",
)
EDITS = (
    *SHEET.splitlines(keepends=True),
    "@ article 1 out\n",
    "@ block\n",
    "subject: x\n",
    "after: 99999999999\n",
    "takeaways:\n",
    "- a\n",
    "#",
    "@",
    "\n",
    "title: \u202e\n",
    "  ",
    "sponsor: maybe\n",
)
TOKENS = (TOKEN, TOKEN[:20], TOKEN[-20:], TOKEN.upper(), ".", "-", "a", "0", "é", "%20", "=", "\0", ")", "\U0001d7d9", SIGNER.mint(8, "x", Purpose.CONFIRM, serial=3, until=NOW))  # fmt: skip


def texts(pieces: Sequence[str]) -> st.SearchStrategy[str]:
    """Return texts made of pieces, some repeated often, with any characters between."""
    piece = st.sampled_from(pieces)
    often = st.tuples(piece, st.integers(2, 3000)).map(lambda pair: (pair[0] * pair[1])[:60_000])
    return st.lists(st.one_of(piece, piece, often, st.text(max_size=12)), max_size=20).map("".join)


def raw(pieces: Sequence[str]) -> st.SearchStrategy[bytes]:
    """Return such texts in several encodings, and any bytes."""
    encodings = st.sampled_from(["utf-8", "utf-8", "utf-16", "latin-1", "cp949"])
    encoded = st.tuples(texts(pieces), encodings).map(lambda two: two[0].encode(two[1], "replace"))
    return st.one_of(encoded, encoded, encoded, st.binary(max_size=400))


def _cut(found: bytes) -> None:
    with contextlib.suppress(ExtractFailed):
        article = extract(found, name="a.html", url="https://example.org/a")
        points = takeaways(article)
        teasers(article, points.items)
        for section in article.sections:
            for paragraph in section.paragraphs:
                split(paragraph, article.lang)


def _reading(read: Callable[[bytes], object]) -> Callable[[bytes], None]:
    def reading(found: bytes) -> None:
        with contextlib.suppress(ExtractFailed):
            read(found)

    return reading


def _robots(found: bytes) -> None:
    robots = read_robots(found, "newsletter")
    robots.allows("https://example.org/" + "a" * 500 + "b?c=*")


def _segment(found: str) -> None:
    with contextlib.suppress(SegmentError):
        parsed = segment.parse(found, {"readers": "a or not b"})
        segment.evaluate(parsed, {"a"})
        segment.names(parsed)
        segment.explain(parsed, {"b"})


def _token(found: str) -> None:
    claim = SIGNER.read(found)
    assert claim is None or claim.subscriber_id in {7, 8}


def _sheet(found: str) -> None:
    with contextlib.suppress(NotAllowed):
        applied(DRAFT, sheet.read(found, DRAFT))


@pytest.fixture
def read_list(tmp_path: Path, sqlite_engine: sa.Engine) -> Callable[[bytes], None]:
    """Return a dry run of an import."""
    path = tmp_path / "list.csv"
    terms = Terms("list.csv", NOW, {}, {"weekly": "weekly"}, ("weekly",), "at the fair")

    def read(found: bytes) -> None:
        path.write_bytes(found)
        with contextlib.suppress(ImportRefused):
            review(sqlite_engine, ImportJob(open_listing(path), terms, b"p" * 40))

    return read


PARTS: dict[str, tuple[st.SearchStrategy[Any], Callable[[Any], None]]] = {
    "page": (raw(MARKUP), _reading(lambda it: extract(it, name="a.html", url="https://e.org/a"))),
    "text": (raw(MARKDOWN + MARKUP), _reading(lambda it: extract(it, name="a.txt"))),
    "markdown": (raw(MARKDOWN), _reading(lambda it: extract(it, name="a.md"))),
    "feed": (raw(FEEDS), _reading(lambda it: read_feed(it, url="https://e.org/f"))),
    "listing": (raw(MARKUP), _reading(lambda it: read_page(it, url="https://e.org/"))),
    "sitemap": (raw(FEEDS), _reading(read_sitemap)),
    "cutters": (raw(MARKUP), _cut),
    "robots": (raw(ROBOTS), _robots),
    "segments": (texts(SEGMENTS), _segment),
    "tokens": (texts(TOKENS), _token),
    "sheet": (texts(EDITS), _sheet),
}


def fuzz(inputs: st.SearchStrategy[Any], read: Callable[[Any], None]) -> int:
    """Try inputs until the time of a part is over. Returns how many."""
    counted, rounds = 0, 0
    deadline = time.monotonic() + SECONDS / (len(PARTS) + 1)
    began = int(time.time())
    while time.monotonic() < deadline:

        @seed(began + rounds)
        @settings(
            max_examples=100, database=None, deadline=None, suppress_health_check=list(HealthCheck)
        )
        @given(inputs)
        def once(found: Any) -> None:  # noqa: ANN401 - bytes or a text
            nonlocal counted
            counted += 1
            with stopped_after(EACH):
                read(found)

        once()
        rounds += 1
    return counted


@pytest.mark.parametrize("name", PARTS)
def test_fuzz(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    counted = fuzz(*PARTS[name])
    with capsys.disabled():
        print(f"\n{name}: {counted:,} inputs")  # noqa: T201 - the result of a long run


def test_fuzz_csv(read_list: Callable[[bytes], None], capsys: pytest.CaptureFixture[str]) -> None:
    counted = fuzz(raw(CELLS), read_list)
    with capsys.disabled():
        print(f"\ncsv: {counted:,} inputs")  # noqa: T201 - the result of a long run
