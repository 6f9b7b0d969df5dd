"""The gallery of hostile inputs, and servers for them."""

import tomllib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.fakes.site import Exchange, Site, item, open_site, rss

GALLERY = Path(__file__).parents[1] / "data" / "hostile" / "gallery.toml"
START = "<html><head><title>On the River</title></head><body><main><h1>On the River</h1>" + (
    "<p>The river rose in the spring of that year and the towns moved their markets.</p>" * 3
)
DRIP = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>"
LATE = b"HTTP/1.1 200 OK\r\n"
MANY, FEW = 60, 3
"""Pages of a source that never ends, and of another."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A hostile input; `gallery.toml` explains the fields."""

    name: str
    kind: str
    unit: str
    what: str
    size: int = 0
    head: str = ""
    tail: str = ""

    @property
    def document(self) -> bytes:
        """Return the document."""
        start = START if self.kind == "page" else ""
        return (start + self.head + self.unit * (self.size // len(self.unit)) + self.tail).encode()


def pieces() -> list[Piece]:
    """Return the whole gallery."""
    described = tomllib.loads(GALLERY.read_text(encoding="utf-8"))
    return [Piece(name, **values) for name, values in described.items()]


@contextmanager
def sources(shown: list[Piece], folder: Path) -> Iterator[str]:
    """Serve pieces, each on its own host; yield the configuration of their sources."""
    tables = [f'[sources.files]\nkind = "folder"\npath = "{folder}"\n']
    with ExitStack() as stack:
        for piece in shown:
            if piece.kind in {"markdown", "text"}:
                folder.mkdir(exist_ok=True)
                ending = ".md" if piece.kind == "markdown" else ".txt"
                (folder / f"{piece.name}{ending}").write_bytes(piece.document)
                continue
            url, kind = _served(stack.enter_context(open_site()), piece)
            tables.append(
                f'[sources.{piece.name}]\nkind = "{kind}"\nurl = "{url}"\nallow_private = true\n'
            )
        yield "\n".join(tables)


def _served(site: Site, piece: Piece) -> tuple[str, str]:
    """Serve a piece. Returns the address of its source, and the kind of the source."""
    match piece.kind:
        case "feed":
            return site.serve("/feed", piece.document), "feed"
        case "sitemap":
            return site.serve("/sitemap.xml", piece.document, kind="text/xml"), "sitemap"
        case "listing":
            return site.serve("/", START + piece.document.decode(), kind="text/html"), "page"
    paths = [f"/{'a' * 50}/{n}" for n in range(MANY if piece.kind in {"drip", "late"} else FEW)]
    for path in paths:
        match piece.kind:
            case "page":
                site.serve(path, piece.document, kind="text/html")
            case "robots":
                site.serve(path, START, kind="text/html")
            case _:
                site.on(path, partial(_drip, piece=piece))
    if piece.kind == "robots":
        site.serve("/robots.txt", piece.document, kind="text/plain")
    entries = [item(n, site.url(path)) for n, path in enumerate(paths)]
    return site.serve("/feed", rss(*entries)), "feed"


def _drip(exchange: Exchange, *, piece: Piece) -> None:
    head = DRIP if piece.kind == "drip" else LATE
    exchange.drip(head, piece.unit.encode(), every=0.5)
