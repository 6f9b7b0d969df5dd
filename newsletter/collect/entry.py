"""The entries that a source lists, before any article is read."""

from dataclasses import dataclass
from pathlib import Path

from newsletter.collect.text.dates import When
from newsletter.model.article import Author, Image, Translation

INDEX = "index"
"""The note of a listing whose entries are sitemaps, not articles."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a feed, listing, sitemap or folder. Everything but `key` may be missing.

    `key` identifies the entry within its source. `fingerprint` changes when the entry does.
    `changed` is the time of the last change, as written. `html` is content in the feed. `site` is the name of the feed. `untitled` means that `title`
    was taken from the text. `shared_guid` and `shared_url` mean that another entry of the
    same document has the same guid or address, so that it does not identify the article.
    """

    key: str
    fingerprint: str = ""
    url: str = ""
    guid: str = ""
    title: str = ""
    when: When | None = None
    changed: str = ""
    html: str = ""
    summary: str = ""
    authors: tuple[Author, ...] = ()
    topics: tuple[str, ...] = ()
    image: Image | None = None
    lang: str = ""
    path: Path | None = None
    site: str = ""
    untitled: bool = False
    shared_guid: bool = False
    shared_url: bool = False
    translations: tuple[Translation, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """The entries found in a source, newest first as far as known.

    `skipped` lists the entries that were not taken, with reasons. `ttl_seconds` is how long the
    source asks clients to wait before the next request.
    """

    entries: tuple[Entry, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()
    title: str = ""
    lang: str = ""
    ttl_seconds: int = 0
    note: str = ""
