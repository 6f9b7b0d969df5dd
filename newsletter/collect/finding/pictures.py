"""Choose the picture of a feed entry; an author's avatar or a tracking pixel is not one."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

from newsletter.collect.text.blocks import tidy
from newsletter.collect.text.images import is_picture
from newsletter.model.article import Image

_IMAGE = re.compile(r"<img\b([^<>]{1,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\b(src|alt|width|height)\s?=\s?(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_SUFFIX = re.compile(r"\.(?:jpe?g|png|webp|gif)(?:\?|$)", re.IGNORECASE)
MOST = 20


def entry_image(parsed: Mapping[str, Any], html: str) -> Image | None:
    """Return the first picture of an entry: its media, its enclosures, then its content."""
    candidates = [*parsed.get("media_content", ()), *parsed.get("media_thumbnail", ())]
    candidates += [link for link in parsed.get("links", ()) if link.get("rel") == "enclosure"]
    for found in candidates[:MOST]:
        address = str(found.get("url") or found.get("href") or "")
        kind = str(found.get("medium") or found.get("type") or "")
        pictured = "image" in kind or _SUFFIX.search(address)
        width, height = _pixels(found.get("width")), _pixels(found.get("height"))
        if pictured and is_picture(address, width, height):
            return Image(address, "", width, height)
    return _in_content(html)


def _in_content(html: str) -> Image | None:
    for number, found in enumerate(_IMAGE.finditer(html)):
        if number >= MOST:
            break
        values = {
            name.lower(): unescape(a or b) for name, a, b in _ATTRIBUTE.findall(found.group(1))
        }
        width, height = _pixels(values.get("width")), _pixels(values.get("height"))
        address = values.get("src", "").strip()
        if is_picture(address, width, height):
            return Image(address, tidy(values.get("alt", "")), width, height)
    return None


def _pixels(value: object) -> int | None:
    text = str(value or "").removesuffix("px").strip()
    return int(text) if text.isdecimal() and 0 < len(text) <= 5 else None  # noqa: PLR2004
