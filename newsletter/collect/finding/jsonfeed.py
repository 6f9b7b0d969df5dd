"""Read JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/), tolerantly.

A wrong type costs the field, not the item, and a wrong item not the feed.
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
class Person:
    """An author object."""

    name: str = ""
    url: str = ""
    avatar: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A related file."""

    url: str
    type: str = ""
    title: str = ""
    size_in_bytes: int | None = None
    duration_in_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class JsonItem:
    """One item; addresses are absolute where the feed's own address is known."""

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
    authors: tuple[Person, ...] = ()
    tags: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class JsonFeed:
    """A whole feed; `version` is "1" or "1.1"."""

    version: str
    title: str = ""
    home_page_url: str = ""
    feed_url: str = ""
    description: str = ""
    icon: str = ""
    favicon: str = ""
    language: str = ""
    authors: tuple[Person, ...] = ()
    items: tuple[JsonItem, ...] = ()


def looks_json(text: str) -> bool:
    """Say whether a document can be JSON at all."""
    return text.lstrip("\ufeff \t\r\n")[:1] == "{"


def parse_json_feed(text: str, base: str = "") -> JsonFeed:
    """Parse a JSON Feed; raises ExtractFailed when the document is none."""
    try:
        value = json.loads(text.lstrip("\ufeff"), strict=False)
    except (ValueError, RecursionError) as error:
        msg = "the feed is not valid JSON"
        raise ExtractFailed(msg) from error
    if not isinstance(value, dict) or VERSIONS not in str(value.get("version", "")):
        msg = "JSON, but no JSON Feed (no version)"
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
        items=tuple(_item(one, home or base) for one in taken if isinstance(one, dict)),
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


def _people(value: Mapping[str, Any]) -> tuple[Person, ...]:
    """Read `authors` (1.1) or `author` (1.0)."""
    listed = value.get("authors")
    found = listed if isinstance(listed, list) else [value.get("author")]
    people = (
        Person(_text(one, "name"), _text(one, "url"), _text(one, "avatar"))
        for one in found
        if isinstance(one, dict)
    )
    return tuple(person for person in people if person != Person())


def _attachments(value: object, base: str) -> tuple[Attachment, ...]:
    if not isinstance(value, list):
        return ()
    return tuple(
        Attachment(
            _address(one, "url", base),
            _text(one, "mime_type") or _text(one, "type"),
            _text(one, "title"),
            _whole(one.get("size_in_bytes")),
            _number(one.get("duration_in_seconds")),
        )
        for one in value
        if isinstance(one, dict) and _text(one, "url")
    )


def _text(value: Mapping[str, Any], key: str) -> str:
    """Return a text; numbers (ids often are) become text, anything else nothing."""
    found = value.get(key)
    if isinstance(found, str):
        return found.strip()
    return str(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else ""


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _address(value: Mapping[str, Any], key: str, base: str) -> str:
    found = _text(value, key)
    try:
        return urljoin(base, found) if found else ""
    except ValueError:
        return ""


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
