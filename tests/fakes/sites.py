"""Many small sites on loopback that notice when a host is asked twice at the same time."""

import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from typing_extensions import override

ARTICLE = "".join(
    f"<p>In part {part}, the towns along the river counted {part * 7} wells and {part * 3} mills,"
    " which no one had mapped before. They were given the figures on the same day.</p>"
    for part in range(1, 7)
)


def host(number: int) -> str:
    """Return the loopback address of a site."""
    return f"127.1.{number // 200}.{number % 200 + 1}"


def title_of(name: str, number: int) -> str:
    """Return the title of an article of a feed, the first of which has the number 1."""
    return f"The wells of {name}" + (f", part {number}" if number > 1 else "")


class Sites(ThreadingHTTPServer):
    """Answers on every address of 127.0.0.0/8. Each path `/NAME/feed` is a feed of `articles`."""

    request_queue_size = 256
    daemon_threads = True

    def __init__(self, delay: float) -> None:
        """Listen on a free port; answer `delay` seconds late."""
        super().__init__(("0.0.0.0", 0), _Request)  # noqa: S104 - see verify_request
        self.delay = delay
        self.articles = 1
        self.port = int(self.server_address[1])
        self.asked: Counter[str] = Counter()
        self.overlapped: set[str] = set()
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self._serving = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Self:
        """Serve in the background."""
        self._serving.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop serving."""
        self.shutdown()
        self.server_close()

    def sources(self, number: int, hosts: int, backfill: int) -> str:
        """Return the configuration of so many feeds, spread over so many hosts."""
        return "".join(
            f'\n[sources.s{place}]\nkind = "feed"\nallow_private = true\nbackfill = {backfill}\n'
            f'url = "http://{host(place % hosts)}:{self.port}/s{place}/feed"\n'
            for place in range(number)
        )

    def enter(self, site: str, path: str) -> None:
        """Note that a request begins."""
        with self._lock:
            self.asked[f"{site}{path}"] += 1
            if site in self._busy:
                self.overlapped.add(site)
            self._busy.add(site)

    def leave(self, site: str) -> None:
        """Note that a request is about to be answered."""
        with self._lock:
            self._busy.discard(site)

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet: workers are killed during requests."""

    @override
    def verify_request(self, request: Any, client_address: Any) -> bool:
        return str(client_address[0]).startswith("127.")


class _Request(BaseHTTPRequestHandler):
    server: Sites
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        site = self.headers["Host"]
        self.server.enter(site, self.path)
        time.sleep(self.server.delay)
        status, body = self._content(site)
        self.server.leave(site)
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _content(self, site: str) -> tuple[int, bytes]:
        name, _, what = self.path.strip("/").partition("/")
        if what == "feed":
            entries = "".join(
                f"<item><title>{title_of(name, number)}</title>"
                f"<link>http://{site}/{name}/article/{number}</link><guid>{name} {number}</guid>"
                f"<description>What {name} reports.</description></item>"
                for number in range(self.server.articles, 0, -1)
            )
            feed = f"<rss version='2.0'><channel><title>{name}</title>{entries}</channel></rss>"
            return 200, feed.encode()
        if what.startswith("article/"):
            title = title_of(name, int(what.removeprefix("article/")))
            page = f"<html lang='en'><title>{title}</title><article><h1>{title}</h1>{ARTICLE}</article>"
            return 200, page.encode()
        return 404, b""

    def log_message(self, *_: object) -> None:
        """Stay quiet."""
