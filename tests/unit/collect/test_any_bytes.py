"""Any bytes into any reader give entries or a reason, never another exception."""

import contextlib
from collections.abc import Callable

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.collect.extracting.extract import extract
from newsletter.collect.finding.feeds import read_feed
from newsletter.collect.finding.pages import read_page
from newsletter.collect.finding.sitemaps import read_sitemap
from newsletter.collect.parsing.worker import answer_to
from newsletter.collect.text.images import size_of
from newsletter.errors import ExtractFailed
from newsletter.fetch.robots import read_robots

PIECES = (
    b"<rss><channel>", b"<item>", b"</item>", b"<title>", b"</title>", b"<![CDATA[", b"]]>", b"<feed xmlns='http://www.w3.org/2005/Atom'>", b"<entry>",
    b"<updated>2026-10-05</updated>", b"&#55357;", b"&amp;", b"<html><body>", b"<h1>A title</h1>", b"<p>Some words of a text.</p>", b"<main>", b"<nav>",
    b"<ul><li>", b"</ul>", b"<dl><dt>Key takeaways<dd>", b"<table><tr><td>", b"<h2>Key Takeaways</h2>", b"<sup>1</sup>", b"[1]", b"<script type='application/ld+json'>",
    b'{"@type":"Article","author":{"@id":"#a"}}', b"</script>", b"{", b"}", b"[", b'"version":"https://jsonfeed.org/version/1.1"', b'"items":', b",", b'"\\ud83d"',
    b"\xff", b"\x00", b"\xc3", "é".encode(), "\u202e".encode(), "항구".encode(), b"<urlset><url><loc>https://e.org/a</loc></url>", b"\x1f\x8b", b"---\n", b"title: T\n",
    b"User-agent: *\n", b"Disallow: /*a*b$\n", b"\n\n", b"By Ada Quell", b"October 5, 2026", b"99999999999999", b"<time datetime='0000-00-00'>", b"<a href='http://[::'>x</a>",
    b"<article>", b"</article>", b"<abbr class='published' title='x'>", b"<a hreflang='ko' href='http://['>", "作者：林海 发布时间：".encode(), b"Log in to continue",
    b"\xff\xd8\xff\xc0\x00\x11", b"\x89PNG\r\n\x1a\n", b"RIFF\x00\x00\x00\x00WEBPVP8 ", b"GIF89a", b"\xff\xff",
    b"<img src='//[' width='9'>", b"<base href='http://['>", b"<link rel=canonical href='http://[x'>", b"<meta charset='nonsense'>", b"<?xml version='1.0' encoding='utf-16'?>",
)  # fmt: skip
ANY = st.one_of(
    st.binary(max_size=300), st.lists(st.sampled_from(PIECES), max_size=25).map(b"".join)
)
READERS: dict[str, Callable[[bytes], object]] = {
    "page": lambda raw: extract(raw, name="a.html", url="https://example.org/a"),
    "text": lambda raw: extract(raw, name="a.txt"),
    "markdown": lambda raw: extract(raw, name="a.md"),
    "unknown": lambda raw: extract(raw, name="a", url="https://example.org/a", declared="euc-kr"),
    "feed": lambda raw: read_feed(raw, url="https://example.org/feed"),
    "listing": lambda raw: read_page(raw, url="https://example.org/"),
    "sitemap": read_sitemap,
    "picture": size_of,
    "robots": lambda raw: read_robots(raw, "newsletter").allows("https://example.org/aaab"),
}


@pytest.mark.parametrize("read", READERS.values(), ids=READERS.keys())
@given(raw=ANY)
@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_give_a_result_or_a_reason(read: Callable[[bytes], object], raw: bytes) -> None:
    with contextlib.suppress(ExtractFailed):
        read(raw)


@given(raw=ANY, job=st.sampled_from(["article", "feed", "page", "sitemap"]))
@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
def test_every_answer_of_the_worker_can_be_sent(raw: bytes, job: str) -> None:
    arguments = {
        "article": {"name": "a.html", "url": "https://example.org/a", "declared": ""},
        "feed": {"url": "https://example.org/f", "declared": ""},
        "page": {"url": "https://example.org/", "declared": "", "links": "", "ignore": ""},
        "sitemap": {"links": "", "ignore": ""},
    }[job]
    answer = answer_to({"job": job, "arguments": arguments}, raw)
    orjson.dumps(answer, default=str)
    assert "cannot be parsed (" not in str(answer.get("failed", ""))
