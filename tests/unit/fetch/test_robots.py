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


def test_a_group_that_names_an_agent_twice_has_each_rule_once() -> None:
    for agent in (b"*", b"newsletter"):
        raw = b"User-agent: " + agent + b"\n"
        assert len(read_robots(raw * 5 + b"Disallow: /a\n", "newsletter").rules) == 1


def test_the_crawl_delay_is_limited() -> None:
    assert read_robots(RULES, "newsletter").delay == 3
    assert read_robots(b"User-agent: *\nCrawl-delay: 9999", "newsletter").delay == 10


@pytest.mark.parametrize(
    "raw", [b"", b"<html>404</html>", b"Disallow: /", b"\xff\xfe\x00", b"User-agent: *\nDisallow:"]
)
def test_a_file_without_rules_allows_everything(raw: bytes) -> None:
    assert read_robots(raw, "newsletter").allows("https://example.org/x")


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/a*b", "/a/x/b/c", True), ("/a*b$", "/a/x/b/c", False), ("/a*b$", "/a/x/b", True), ("/*.pdf$", "/.pdf", True),
        ("/a$", "/a", True), ("/a$", "/ab", False), ("*", "/x", True), ("/*", "/x", True), ("/a**b", "/ab", True),
        ("/ab*ab$", "/ab", False), ("/ab*ab$", "/abab", True), ("/x*yy*yy$", "/xyyy", False), ("*/feed", "/a/b/feed/", True),
    ],
)  # fmt: skip
def test_wildcards_match_as_in_rfc_9309(pattern: str, path: str, matches: bool) -> None:
    rules = read_robots(f"User-agent: *\nDisallow: {pattern}".encode(), "newsletter")
    assert rules.allows(f"https://example.org{path}") is not matches


def test_a_hostile_file_costs_no_time() -> None:
    pattern = "/" + "*a" * 400 + "b"
    hostile = f"User-agent: *\nDisallow: {pattern}\n".encode() * 500
    rules = read_robots(hostile, "newsletter")
    assert rules.allows("https://example.org/" + "a" * 3000)
    agents = b"".join(b"User-agent: bot%d\n" % n for n in range(30_000)) + b"Disallow: /"
    assert read_robots(agents, "newsletter").allows("https://example.org/x")
    many = b"User-agent: *\n" + b"Disallow: /p%d\n" % 1 * 60_000
    assert len(read_robots(many, "newsletter").rules) == 2000
