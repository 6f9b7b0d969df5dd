"""A web site on loopback that a test controls completely."""

import gzip
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Handler = Callable[["Exchange"], None]


@dataclass
class Exchange:
    """A request, and the means to answer it."""

    path: str
    headers: Mapping[str, str]
    host: str
    inner: BaseHTTPRequestHandler
    stopped: threading.Event

    def answer(
        self,
        body: bytes | str = b"",
        *,
        status: int = 200,
        kind: str = "application/rss+xml",
        **headers: str,
    ) -> None:
        """Send a complete response. Header names are written with underscores."""
        raw = body.encode() if isinstance(body, str) else body
        self.inner.send_response_only(status)
        self.inner.send_header("Content-Type", kind)
        self.inner.send_header("Content-Length", str(len(raw)))
        for name, value in headers.items():
            self.inner.send_header(name.replace("_", "-"), value)
        self.inner.end_headers()
        self.inner.wfile.write(raw)

    def drip(self, head: bytes, piece: bytes, every: float = 0.05) -> None:
        """Send `head`, then `piece` repeatedly until a side closes the connection."""
        self.inner.close_connection = True
        try:
            self.inner.wfile.write(head)
            while not self.stopped.wait(every):
                self.inner.wfile.write(piece)
                self.inner.wfile.flush()
        except OSError:
            return


@dataclass
class Site:
    """Routes by path. `seen` lists every request in order, as (host, path)."""

    port: int
    routes: dict[str, Handler] = field(default_factory=dict)
    seen: list[tuple[str, str]] = field(default_factory=list)
    sent: list[Mapping[str, str]] = field(default_factory=list)
    fallback: Handler = field(default_factory=lambda: _missing)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """Return the address of a path."""
        return f"http://{host}:{self.port}{path}"

    def on(self, path: str, handler: Handler) -> str:
        """Answer a path with a function. Returns its address."""
        self.routes[path] = handler
        return self.url(path)

    def serve(
        self, path: str, body: bytes | str, *, kind: str = "text/html", **headers: str
    ) -> str:
        """Answer a path with a fixed body. Returns its address."""
        return self.on(path, lambda exchange: exchange.answer(body, kind=kind, **headers))

    def redirect(self, path: str, to: str, status: int = 302) -> str:
        """Redirect a path. Returns its address."""
        return self.on(path, lambda exchange: exchange.answer(status=status, Location=to))

    def asked(self, path: str) -> int:
        """Count the requests for a path."""
        return sum(seen_path == path for _, seen_path in self.seen)


@contextmanager
def open_site(address: str = "127.0.0.1") -> Iterator[Site]:
    """Serve a site until the block ends."""
    stopped = threading.Event()
    site = Site(0)

    class _Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            host = (self.headers.get("Host") or "").partition(":")[0]
            site.seen.append((host, self.path))
            site.sent.append(dict(self.headers.items()))
            exchange = Exchange(self.path, dict(self.headers.items()), host, self, stopped)
            handler = (
                site.routes.get(f"{host}{self.path}") or site.routes.get(self.path) or site.fallback
            )
            try:
                handler(exchange)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer((address, 0), _Handler)
    server.daemon_threads = True
    site.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _missing(exchange: Exchange) -> None:
    exchange.answer(b"nothing here", status=404, kind="text/plain")


def rss(*items: str, head: str = "") -> str:
    """Return an RSS feed of raw items."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>'
        f"<title>A feed</title><link>https://example.org/</link>{head}{''.join(items)}</channel></rss>"
    )


def item(number: int, link: str = "", **more: str) -> str:
    """Return an RSS item. `more` replaces or adds elements; empty ones are omitted."""
    parts = {
        "title": f"Article number {number} about the river",
        "link": link,
        "guid": link or f"guid-{number}",
        "pubDate": f"Thu, {number % 28 + 1:02} Oct 2026 10:00:00 +0900",
        "description": f"What article {number} says about the river and its towns.",
        **more,
    }
    inner = "".join(f"<{name}>{text}</{name}>" for name, text in parts.items() if text)
    return f"<item>{inner}</item>"


def article_page(number: int, *, head: str = "", extra: str = "", title: str = "") -> str:
    """Return a page with a unique article of sufficient length."""
    name = title or f"Article number {number} about the river"
    paragraphs = "".join(
        f"<p>Paragraph {part} of article {number}. The river of valley {number} rose by {number + part}"
        f" meters in the spring, and the town of Place{number} moved its market to hill {part}. No one"
        f" had asked for report {number}-{part}, yet it was read by every member of council {number}.</p>"
        for part in range(1, 5)
    )
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>{head}'
        f'</head><body><nav><a href="/">Home</a></nav><main><article><h1>{name}</h1>'
        f'<p class="byline">By Jane Rivers</p>{extra}{paragraphs}</article></main></body></html>'
    )


def gzip_bomb(megabytes: int) -> bytes:
    """Return gzip data that decompresses to many megabytes of zeros."""
    return gzip.compress(b"\0" * (megabytes * 1_000_000), 9)
