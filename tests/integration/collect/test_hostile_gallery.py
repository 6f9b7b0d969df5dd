"""Hostile servers, collected together with a good source."""

import gzip
import random
from collections.abc import Iterator
from datetime import UTC, datetime

import brotli
import pytest
import sqlalchemy as sa

from newsletter.collect.run import CollectOptions, CollectReport, collect
from newsletter.fetch.client import FetchLimits, open_fetcher
from newsletter.migrations import upgrade
from newsletter.model.source import Source
from newsletter.store.content import articles
from newsletter.store.database import open_engine
from tests.fakes.site import Exchange, Site, article_page, gzip_bomb, item, open_site, rss

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
SECONDS = 2.5

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">'
    + "".join(
        f'<!ENTITY lol{n} "{f"&lol{n - 1 or chr(0)};" * 10}">'.replace("\0", "")
        for n in range(1, 10)
    )
    + "]><rss version='2.0'><channel><title>&lol9;</title>"
    "<item><title>&lol9;</title></item></channel></rss>"
)
OUTSIDE_ENTITY = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">'
    '<!ENTITY y SYSTEM "{secret}">]><rss version="2.0"><channel><title>t</title>'
    "<item><title>Entity &x; and &y;</title><guid>1</guid>"
    "<description>&x;&y; long enough to be a text</description></item></channel></rss>"
)


def _serve_gallery(site: Site) -> dict[str, str]:
    """Return the address of every piece, by name."""
    deep = "<div>" * 100_000
    login = '<html><title>Sign in</title><form><input type="password"></form></html>'
    serve, on = site.serve, site.on
    pieces = {
        "billion laughs": serve("/laughs", LAUGHS, kind="application/xml"),
        "outside entity": serve(
            "/xxe", OUTSIDE_ENTITY.format(secret=site.url("/secret")), kind="text/xml"
        ),
        "gzip bomb": serve(
            "/gzip", gzip_bomb(100), kind="application/rss+xml", Content_Encoding="gzip"
        ),
        "brotli bomb": serve(
            "/brotli", brotli.compress(b"\0" * 100_000_000, quality=5), Content_Encoding="br"
        ),
        "two layers": serve(
            "/twice", gzip.compress(gzip.compress(b"x")), Content_Encoding="gzip, gzip"
        ),
        "broken gzip": serve(
            "/cut", gzip.compress(rss(item(1)).encode() * 50)[:80], Content_Encoding="gzip"
        ),
        "deep feed": serve(
            "/deep", rss(f"<item><title>deep</title><description>{deep}</description></item>")
        ),
        "endless drip": on(
            "/drip",
            lambda x: x.drip(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<rss>", b" "),
        ),
        "endless head": on("/head", lambda x: x.drip(b"HTTP/1.1 200 OK\r\n", b"X-Filler: 1\r\n")),
        "redirect loop": site.redirect("/loop", "/loop2"),
        "to this machine": site.redirect("/inside", "http://127.0.0.1:1/admin"),
        "to the metadata": site.redirect("/metadata", "http://169.254.169.254/latest/meta-data/"),
        "to a file": site.redirect("/file", "file:///etc/passwd"),
        "web page": serve(
            "/page", "<!doctype html><html><head><title>x</title></head><body>hi</body></html>"
        ),
        "login page": serve("/login", login),
        "picture": serve(
            "/picture", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4, kind="image/png"
        ),
        "other json": serve("/json", '{"hello": [1, 2]}', kind="application/json"),
        "nothing": serve("/nothing", ""),
        "forbidden": on("/forbidden", lambda x: x.answer(status=403)),
        "too often": on("/often", lambda x: x.answer(status=429, Retry_After="7200")),
        "challenge": on("/cf", lambda x: x.answer(status=403, cf_mitigated="challenge")),
        "broken off": on("/off", _break_off),
        "unknown encoding": serve("/zz", "x", Content_Encoding="zz"),
    }
    site.redirect("/loop2", "/loop")
    for step in range(7):
        site.redirect(f"/far{step}", f"/far{step + 1}")
    return {**pieces, "too far": site.url("/far0")}


def _break_off(exchange: Exchange) -> None:
    exchange.inner.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n<rss")
    exchange.inner.close_connection = True


EXPECTED = {
    "gzip bomb": "larger than 15 MB unpacked",
    "brotli bomb": "larger than 15 MB unpacked",
    "two layers": "encoding “gzip, gzip” is not supported",
    "broken gzip": "is incomplete",
    "endless drip": f"too slow: not finished after {SECONDS:g} s",
    "endless head": "too slow",
    "redirect loop": "redirects in a loop",
    "to this machine": "not fetched: 127.0.0.1, a private address",
    "to the metadata": "not fetched: 169.254.169.254, a private address",
    "to a file": "is not an http or https address",
    "too far": "more than 5 redirects",
    "web page": "a web page instead of a feed",
    "login page": "a web page instead of a feed",
    "picture": "neither RSS, Atom nor JSON Feed",
    "other json": "JSON, but not a JSON Feed",
    "nothing": "empty answer instead of a feed",
    "forbidden": "answers 403",
    "too often": "answers 429",
    "challenge": "a browser challenge",
    "broken off": "closes the connection",
    "unknown encoding": "encoding “zz” is not supported",
}


class _Hall:
    """The gallery after one collection."""

    def __init__(self, site: Site, report: CollectReport, engine: sa.Engine) -> None:
        self.site, self.engine = site, engine
        self.reports = {report.source: report for report in report.sources}


@pytest.fixture(scope="module")
def hall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Hall]:
    path = tmp_path_factory.mktemp("gallery") / "db.sqlite3"
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    with open_site() as site:
        pieces = _serve_gallery(site)
        good = [item(n, site.serve(f"/good/{n}", article_page(n))) for n in range(1, 4)]
        pieces["good"] = site.serve("/good", rss(*good), kind="application/rss+xml")
        sources = [
            Source(name, "feed", url=url, allow_private=True) for name, url in pieces.items()
        ]
        sources.append(Source("closed", "feed", url=site.url("/closed")))
        limits = FetchLimits(total_seconds=SECONDS, step_seconds=1.5, rest_seconds=0.001)
        fetcher = open_fetcher(lambda: NOW, random.Random(1), limits=limits)
        options = CollectOptions(clock=lambda: NOW, parse_seconds=8.0)
        yield _Hall(site, collect(engine, sources, fetcher, options), engine)
        fetcher.close()
    engine.dispose()


@pytest.mark.parametrize(("name", "reason"), EXPECTED.items())
def test_each_piece_fails_with_a_clear_line(hall: _Hall, name: str, reason: str) -> None:
    report = hall.reports[name]
    assert report.failed
    assert reason in report.summary
    assert "\n" not in report.summary


def test_the_good_source_is_collected_completely(hall: _Hall) -> None:
    assert hall.reports["good"].new == 3
    assert not hall.reports["good"].skipped


def test_a_source_without_allow_private_is_not_fetched_from_this_machine(hall: _Hall) -> None:
    assert "a private address" in hall.reports["closed"].summary
    assert hall.site.asked("/closed") == 0


def test_an_outside_entity_is_neither_fetched_nor_read(hall: _Hall) -> None:
    assert hall.site.asked("/secret") == 0
    with hall.engine.connect() as connection:
        stored = articles.recent(connection, source="outside entity")
    assert not any("root:" in str(report.content) for report in stored)


@pytest.mark.parametrize("name", ["billion laughs", "deep feed"])
def test_a_document_that_breaks_the_parser_affects_no_other(hall: _Hall, name: str) -> None:
    report = hall.reports[name]
    with hall.engine.connect() as connection:
        stored = articles.recent(connection, source=name)
    assert report.failed or len(stored) <= 1
    assert all(len(str(report.content)) < 1_000_000 for report in stored)


def test_retry_after_is_respected(hall: _Hall) -> None:
    with hall.engine.connect() as connection:
        row = connection.execute(
            sa.text("SELECT next_check_at FROM source_states WHERE source = 'too often'")
        ).scalar_one()
    assert str(row) >= "2026-11-23 11:00"
