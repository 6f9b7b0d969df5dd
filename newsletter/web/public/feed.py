"""The Atom feed of a newsletter (RFC 4287); pure."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

ATOM = "http://www.w3.org/2005/Atom"
MEDIA_TYPE = "application/atom+xml"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)
# What XML 1.0 cannot hold.
_IMPOSSIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An issue in a feed; `updated` is later than `published` if it was corrected."""

    url: str
    title: str
    summary: str
    published: datetime
    updated: datetime


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed: its own address, the page that it follows, and who publishes it."""

    url: str
    page: str
    title: str
    author: str
    language: str
    entries: tuple[FeedEntry, ...]


def written(feed: Feed) -> bytes:
    """Return a feed as XML. Atom requires a time of change, also of a feed without entries."""
    root = ET.Element("feed", {"xmlns": ATOM, "xml:lang": feed.language})
    _add(root, "id", feed.page)
    _add(root, "title", feed.title)
    _link(root, "self", feed.url, MEDIA_TYPE)
    _link(root, "alternate", feed.page, "text/html")
    updated = max((entry.updated for entry in feed.entries), default=_NEVER)
    _add(root, "updated", updated.isoformat())
    _add(ET.SubElement(root, "author"), "name", feed.author)
    _add_entries(root, feed.entries)
    text: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return text


def _add_entries(root: ET.Element, entries: Iterable[FeedEntry]) -> None:
    for entry in entries:
        element = ET.SubElement(root, "entry")
        _add(element, "id", entry.url)
        _add(element, "title", entry.title)
        _link(element, "alternate", entry.url, "text/html")
        _add(element, "published", entry.published.isoformat())
        _add(element, "updated", entry.updated.isoformat())
        if entry.summary:
            _add(element, "summary", entry.summary)


def _add(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = _IMPOSSIBLE.sub("", text)


def _link(parent: ET.Element, relation: str, url: str, media_type: str) -> None:
    ET.SubElement(parent, "link", {"rel": relation, "href": url, "type": media_type})
