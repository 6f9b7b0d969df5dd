"""robots.txt follows RFC 9309."""

import pytest

from newsletter.fetch.robots import read_robots

RULES = b"""\xef\xbb\xbf# a comment
User-agent: *
Disallow: /private/   # inside
Allow: /private/open
Disallow: /*.pdf$
Disallow: /search?
Crawl-delay: 3

User-agent: otherbot
Disallow: /

Sitemap: https://example.org/map.xml
"""


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", True), ("/private/a", False), ("/private/open", True), ("/private/open/x", True), ("/a.pdf", False),
        ("/a.pdf?x=1", True), ("/search?q=1", False), ("/search", True), ("/%70rivate/a", False),
    ],
)  # fmt: skip
def test_the_longest_pattern_decides(path: str, allowed: bool) -> None:
    assert read_robots(RULES, "newsletter").allows(f"https://example.org{path}") is allowed


def test_a_group_for_our_agent_replaces_the_general_group() -> None:
    rules = read_robots(
        RULES + b"\nUser-agent: newsletter\nUser-agent: reader\nDisallow: /no\n", "newsletter"
    )
    assert rules.allows("https://example.org/private/a")
    assert not rules.allows("https://example.org/no")


def test_the_crawl_delay_is_limited() -> None:
    assert read_robots(RULES, "newsletter").delay == 3
    assert read_robots(b"User-agent: *\nCrawl-delay: 9999", "newsletter").delay == 10


@pytest.mark.parametrize(
    "raw", [b"", b"<html>404</html>", b"Disallow: /", b"\xff\xfe\x00", b"User-agent: *\nDisallow:"]
)
def test_a_file_without_rules_allows_everything(raw: bytes) -> None:
    assert read_robots(raw, "newsletter").allows("https://example.org/x")
