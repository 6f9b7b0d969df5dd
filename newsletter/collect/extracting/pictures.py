"""Choose the lead picture of a page: the one it names, or the first large one of the article."""

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urljoin

from lxml import html

from newsletter.collect.extracting.metadata import Metadata
from newsletter.collect.extracting.surroundings import is_away
from newsletter.collect.text.blocks import tidy
from newsletter.collect.text.images import is_file, is_picture
from newsletter.model.article import Image

# The real address comes before `src`, which may be a placeholder until the page is scrolled.
_SOURCES = (
    "data-src", "data-lazy-src", "data-original", "data-srcset", "data-lazy-srcset", "src", "data-url", "srcset",
)  # fmt: skip
_MEANINGLESS = re.compile(
    r"^(?:image|img|photo|picture|featured image|hero(?: image)?|thumbnail|default|untitled|logo|\W*|\d+|dsc_?\d+"
    r"|[\w.-]+\.(?:jpe?g|png|webp|gif))$",
    re.IGNORECASE,
)
_PIXELS = re.compile(r"^\s*(\d{1,5})(?:px)?\s*$")
_OUTSIDE = frozenset({"nav", "footer", "aside", "header", "noscript", "template"})
MOST_IMAGES, MOST_ANCESTORS, LONGEST_ALT = 60, 60, 300


def lead_image(root: html.HtmlElement, meta: Metadata, url: str) -> tuple[Image | None, str]:
    """Return the lead picture with its alternative text, and its origin."""
    named = meta.image
    if named is not None and is_picture(named.url, named.width, named.height):
        return _described(named, root, meta.base or url), meta.image_from
    for image in _images(root, meta.base or url):
        return image, "first picture of the article"
    return None, ""


def _images(root: html.HtmlElement, base: str) -> Iterator[Image]:
    """Yield the pictures of the article; without a base also those in files beside it."""
    place = next(root.iter("article"), None)
    place = next(root.iter("main"), root) if place is None else place
    for number, element in enumerate(place.iter("img")):
        if number >= MOST_IMAGES:
            return
        address = _address(element, base)
        width, height = _pixels(element.get("width")), _pixels(element.get("height"))
        shown = is_picture(address, width, height) or (not base and is_file(address))
        if shown and not _is_elsewhere(element, place):
            yield Image(address, _alt(element), width, height, _caption(element))


def _address(element: html.HtmlElement, base: str) -> str:
    """Return the address of an image. Lazy loading hides the real one in another attribute."""
    found = [
        value.split(" ", 1)[0] if name.endswith("srcset") else value
        for name in _SOURCES
        if (value := (element.get(name) or "").strip())
    ]
    address = next((value for value in found if not value.startswith("data:")), "")
    try:
        return urljoin(base, address.rstrip(",")) if address else ""
    except ValueError:
        return ""


def _is_elsewhere(element: html.HtmlElement, place: html.HtmlElement) -> bool:
    if "author" in (element.get("class") or "").lower():
        return True
    for number, above in enumerate(element.iterancestors()):
        if above is place or number > MOST_ANCESTORS:
            return False
        tag = str(above.tag)
        names = f"{above.get('class') or ''} {above.get('id') or ''}"[:300].lower()
        outside = tag in _OUTSIDE and not (
            tag == "header" and next(above.iter("h1"), None) is not None
        )
        if outside or is_away(above, tag) or "author" in names or "byline" in names:
            return True
    return False


def _alt(element: html.HtmlElement) -> str:
    """Return the alternative text, or else the caption; a file name describes nothing."""
    alt = tidy(element.get("alt") or "")[:LONGEST_ALT]
    if alt and not _MEANINGLESS.match(alt):
        return alt
    return _caption(element)


def _caption(element: html.HtmlElement) -> str:
    """Return the caption of the figure around an image, with its credit."""
    for number, above in enumerate(element.iterancestors()):
        if above.tag == "figure":
            caption = next(above.iter("figcaption"), None)
            return tidy(" ".join(caption.itertext()))[:LONGEST_ALT] if caption is not None else ""
        if number > 4:  # noqa: PLR2004 - a figure is near
            break
    return ""


def _described(image: Image, root: html.HtmlElement, base: str) -> Image:
    """Add what the same picture says on the page, if the metadata does not describe it."""
    described = bool(image.alt) and not _MEANINGLESS.match(image.alt)
    name = _file_name(image.url)
    for number, element in enumerate(root.iter("img")):
        if number >= MOST_IMAGES or not name:
            break
        if name in _file_name(_address(element, base)):
            alt = image.alt if described else _alt(element)
            return replace(image, alt=alt, caption=_caption(element))
    return image if described else replace(image, alt="")


def _file_name(url: str) -> str:
    """Return the name of an image without its size ("pier-1024x683.jpg" is "pier")."""
    name = url.partition("?")[0].rpartition("/")[2]
    return re.sub(r"(?:-\d{2,4}x\d{2,4})?\.\w{2,5}$", "", name)


def _pixels(text: str | None) -> int | None:
    found = _PIXELS.match((text or "")[:20])
    return int(found.group(1)) if found else None
