"""Read JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/).

A field of the wrong type is ignored, and so is an item that is not an object.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from newsletter.errors import ExtractFailed

VERSIONS = "jsonfeed.org/version/"
MOST_ITEMS = 1000


@dataclass(frozen=True, slots=True)
class FeedPerson:
    """An author object."""

    name: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A related file."""

    url: str
    type: str = ""
    title: str = ""
    size_in_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class JsonItem:
    """An item. Addresses are absolute if the address of the feed is known."""

    id: str
    url: str = ""
    external_url: str = ""
    title: str = ""
    content_html: str = ""
    content_text: str = ""
    summary: str = ""
    image: str = ""
    date_published: str = ""
    date_modified: str = ""
    language: str = ""
    authors: tuple[FeedPerson, ...] = ()
    tags: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class JsonFeed:
    """A feed. `version` is "1" or "1.1"."""

    version: str
    title: str = ""
    home_page_url: str = ""
    feed_url: str = ""
    description: str = ""
    icon: str = ""
    favicon: str = ""
    language: str = ""
    authors: tuple[FeedPerson, ...] = ()
    items: tuple[JsonItem, ...] = ()


def looks_json(text: str) -> bool:
    """Return whether a document can be JSON."""
    return text.lstrip("\ufeff \t\r\n")[:1] == "{"


def parse_json_feed(text: str, base: str = "") -> JsonFeed:
    """Parse a JSON Feed. Raises ExtractFailed if the document is not one."""
    try:
        value = json.loads(text.lstrip("\ufeff"), strict=False)
    except (ValueError, RecursionError) as error:
        msg = "the feed is not valid JSON"
        raise ExtractFailed(msg) from error
    if not isinstance(value, dict) or VERSIONS not in str(value.get("version", "")):
        msg = "JSON, but not a JSON Feed (the version is missing)"
        raise ExtractFailed(msg)
    home = urljoin(base, _text(value, "home_page_url"))
    items = value.get("items")
    taken = items[:MOST_ITEMS] if isinstance(items, list) else []
    return JsonFeed(
        version=str(value["version"]).rstrip("/").rsplit("/", 1)[-1],
        title=_text(value, "title"),
        home_page_url=home,
        feed_url=_address(value, "feed_url", base),
        description=_text(value, "description"),
        icon=_address(value, "icon", home),
        favicon=_address(value, "favicon", home),
        language=_text(value, "language"),
        authors=_people(value),
        items=tuple(_item(item, home or base) for item in taken if isinstance(item, dict)),
    )


def _item(value: Mapping[str, Any], base: str) -> JsonItem:
    return JsonItem(
        id=_text(value, "id"),
        url=_address(value, "url", base),
        external_url=_address(value, "external_url", base),
        title=_text(value, "title"),
        content_html=_text(value, "content_html"),
        content_text=_text(value, "content_text"),
        summary=_text(value, "summary"),
        image=_address(value, "image", base) or _address(value, "banner_image", base),
        date_published=_text(value, "date_published"),
        date_modified=_text(value, "date_modified"),
        language=_text(value, "language"),
        authors=_people(value),
        tags=_texts(value.get("tags")),
        attachments=_attachments(value.get("attachments"), base),
    )


def _people(value: Mapping[str, Any]) -> tuple[FeedPerson, ...]:
    """Read `authors` (1.1) or `author` (1.0)."""
    listed = value.get("authors")
    found = listed if isinstance(listed, list) else [value.get("author")]
    people = (
        FeedPerson(_text(person, "name"), _text(person, "url"))
        for person in found
        if isinstance(person, dict)
    )
    return tuple(person for person in people if person != FeedPerson())


def _attachments(value: object, base: str) -> tuple[Attachment, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(
        Attachment(
            _address(attachment, "url", base),
            _text(attachment, "mime_type") or _text(attachment, "type"),
            _text(attachment, "title"),
            _whole(attachment.get("size_in_bytes")),
        )
        for attachment in value
        if isinstance(attachment, dict) and _text(attachment, "url")
    )


def _text(value: Mapping[str, Any], key: str) -> str:
    """Return a string. A number (ids often are) becomes a string, anything else is empty."""
    found = value.get(key)
    if isinstance(found, str):
        return found.strip()
    return str(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else ""


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(text for text in value if isinstance(text, str)) if isinstance(value, list) else ()


def _address(value: Mapping[str, Any], key: str, base: str) -> str:
    found = _text(value, key)
    try:
        return urljoin(base, found) if found else ""
    except ValueError:
        return ""


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
