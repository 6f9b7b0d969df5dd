"""The two processes of the collecting benchmark: many small sites, and the collector."""

import json
import random
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from typing_extensions import override

from newsletter.collect.report import SourceReport
from newsletter.collect.run import CollectOptions, CollectProgress, collect
from newsletter.fetch.client import open_fetcher
from newsletter.migrations import upgrade
from newsletter.model.source import Source
from newsletter.store.database import open_engine

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SLOW_SECONDS = 3.0
KINDS = ("slow", "broken", "drip", "garbage")
EVERY = 20
"""One source in twenty is of each of these kinds."""


def kind_of(number: int) -> str:
    """Return the behavior of a source: half unchanged, some bad, the rest with a new article."""
    if number % 2:
        return "unchanged"
    place = (number // 2) % (EVERY // 2)
    return KINDS[place] if place < len(KINDS) else "new"


def host(number: int) -> str:
    """Return the loopback host of a source."""
    return f"127.0.{number // 200 + 1}.{number % 200 + 1}"


class _Sites(BaseHTTPRequestHandler):
    """Every host is a site. The second turn has one article more than the first."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        name = self.headers["Host"].partition(":")[0].split(".")
        number = (int(name[2]) - 1) * 200 + int(name[3]) - 1
        first = self.path.endswith("/first")
        kind = kind_of(number)
        if self.path.startswith("/article/"):
            self._answer(_page(self.path))
        elif self.path == "/robots.txt":
            self._answer(b"", 404)
        elif kind == "unchanged" and self.headers.get("If-None-Match") == '"1"':
            self._answer(b"", 304)
        elif first or kind in {"unchanged", "new", "slow"}:
            time.sleep(SLOW_SECONDS if kind == "slow" and not first else 0.02)
            self._answer(_feed(number, 3 if first else 4, self.headers["Host"]))
        elif kind == "drip":
            self._drip()
        else:
            self._answer(b"<html>gone wrong</html>", 500 if kind == "broken" else 200)

    def _answer(self, body: bytes, status: int = 200) -> None:
        self.send_response_only(status)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        self.close_connection = True
        try:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n<rss>")
            for _ in range(300):
                time.sleep(0.2)
                self.wfile.write(b" ")
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


def _feed(number: int, count: int, address: str) -> bytes:
    items = "".join(
        f"<item><title>Report {n} of house {number} about its valley</title>"
        f"<link>http://{address}/article/{number}/{n}</link><guid>{number}-{n}</guid>"
        f"<pubDate>Sun, {n:02} Nov 2026 08:00:00 +0900</pubDate>"
        f"<description>What report {n} of house {number} says.</description></item>"
        for n in range(count, 0, -1)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>House {number}</title>{items}</channel></rss>'.encode()


def _page(path: str) -> bytes:
    _, _, number, n = path.split("/")
    text = "".join(
        f"<p>In part {part} of report {n}, house {number} counts {part * 7 + int(number)} wells and"
        f" {part * 3} mills along road {number}, which no one had mapped before. The towns asked for"
        " the figures and were given them the same day, without a word of comment.</p>"
        for part in range(1, 9)
    )
    menu = "".join(f'<li><a href="/section/{k}">Section {k}</a></li>' for k in range(60))
    title = f"Report {n} of house {number} about its valley"
    return (
        f'<!doctype html><html lang="en"><head><title>{title}</title></head><body><nav><ul>{menu}</ul>'
        f"</nav><main><article><h1>{title}</h1><p class=byline>By Jane Rivers</p>{text}</article>"
        "</main></body></html>"
    ).encode()


class _Loopback(ThreadingHTTPServer):
    """Answers on every address of 127.0.0.0/8, and refuses clients from elsewhere."""

    request_queue_size = 256

    @override
    def verify_request(self, request: Any, client_address: Any) -> bool:
        return str(client_address[0]).startswith("127.")


def serve() -> None:
    """Serve every site until terminated; say the port first."""
    server = _Loopback(("0.0.0.0", 0), _Sites)  # noqa: S104 - see _Loopback
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


def run(folder: str, port: str, count: int, turn: str) -> None:
    """Collect once, and print what it took as JSON."""
    engine = open_engine(f"sqlite:///{Path(folder) / 'db.sqlite3'}")
    upgrade(engine)
    now = NOW if turn == "first" else NOW + timedelta(days=1)
    path = "/first" if turn == "first" else "/feed"
    sources = [
        Source(
            f"s{n}",
            "feed",
            url=f"http://{host(n)}:{port}{path if kind_of(n) != 'unchanged' else '/feed'}",
            backfill=0,
            allow_private=True,
        )
        for n in range(count)
    ]
    fetcher = open_fetcher(lambda: now, random.Random(1))
    began = time.monotonic()
    finished: dict[str, float] = {}

    def show(progress: CollectProgress) -> None:
        finished[progress.report.source] = time.monotonic() - began

    options = CollectOptions(lambda: now, force=True, on_progress=show)
    report = collect(engine, sources, fetcher, options)
    print(json.dumps(_outcome(report.sources, finished)))


def _outcome(reports: tuple[SourceReport, ...], finished: dict[str, float]) -> dict[str, float]:
    good = [report for report in reports if kind_of(int(report.source[1:])) in {"new", "unchanged"}]
    return {
        "new": sum(report.new for report in reports),
        "unchanged": sum(report.outcome == "unchanged" for report in reports),
        "failed": sum(report.failed for report in reports),
        "slowest_good": max(report.seconds for report in good),
        "good_done": max(finished[report.source] for report in good),
        "own_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "parser_mb": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        run(sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5])
