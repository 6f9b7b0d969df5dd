"""What a source lists, before anything else is read: one entry per article."""

from dataclasses import dataclass
from pathlib import Path

from newsletter.collect.text.dates import When
from newsletter.model.article import Author, Image

INDEX = "index"
"""The note of a listing whose entries are sitemaps, not articles."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed, listing, sitemap or folder; everything but `key` may be missing.

    `key` is how the source itself tells its entries apart. `fingerprint` changes when the entry
    does. `html` is content that the feed carries. `shared_guid` and `shared_url` say that another
    entry of the same document has the same one, so that it identifies nothing.
    """

    key: str
    fingerprint: str = ""
    url: str = ""
    guid: str = ""
    title: str = ""
    when: When | None = None
    html: str = ""
    summary: str = ""
    authors: tuple[Author, ...] = ()
    topics: tuple[str, ...] = ()
    image: Image | None = None
    lang: str = ""
    path: Path | None = None
    shared_guid: bool = False
    shared_url: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """What one reading of a source shows, newest first as far as known.

    `skipped` names what was there and not taken, with the reason. `ttl_seconds` is how long the
    source asks to be left alone.
    """

    entries: tuple[Entry, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    title: str = ""
    lang: str = ""
    ttl_seconds: int = 0
    note: str = ""
