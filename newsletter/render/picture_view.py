"""Build the view of an image, and name the images that an issue prints."""

from collections.abc import Iterator, Mapping, Sequence

from newsletter.model import links, prose
from newsletter.model.article import Image
from newsletter.model.issue import Issue, Item, corrected
from newsletter.model.picture import (
    COLUMN_ON_PHONE,
    LOCAL,
    WIDEST,
    StoredPicture,
    fitted,
    needs_copy,
)
from newsletter.model.text import LONGEST_URL, bounded, web_address
from newsletter.render.view import Picture, RenderContext
from subscribers.phrase import Phrase

LONGEST_ALT, LONGEST_CAPTION = 200, 240


def in_email(image: Image | None, context: RenderContext, widest: int = WIDEST) -> Picture | None:
    """Return an image as an edition prints it, or None."""
    return picture(image, context.pictures, context.publication.url, widest)


def picture(
    image: Image | None, known: Mapping[str, StoredPicture], base: str, widest: int = WIDEST
) -> Picture | None:
    """Return an image as it is printed: within bounds, never enlarged, and served by https.

    `base` is the address of our pages, which serve the copies. Returns None if the image cannot be
    printed; `problems` says why.
    """
    if image is None:
        return None
    stored = known.get(image.url, StoredPicture(image.url))
    url = _address(stored, base)
    if not url:
        return None
    alt, caption = bounded(image.alt, LONGEST_ALT), bounded(image.caption, LONGEST_CAPTION)
    own = (stored.width, stored.height)
    width, height = own if all(own) else (image.width or 0, image.height or 0)
    if not (width and height):
        return Picture(url, alt, 0, 0, 0, caption)
    limit, _ = fitted(width, height, max(widest, COLUMN_ON_PHONE))
    return Picture(url, alt, *fitted(width, height, widest), limit, caption)


def _address(stored: StoredPicture, base: str) -> str:
    if stored.copy:
        return links.picture(base, stored.copy)
    return "" if stored.missing or needs_copy(stored.url) else web_address(stored.url)


def printed_images(issue: Issue, items: Sequence[Item]) -> Iterator[tuple[str, Image]]:
    """Yield every image that an issue prints, with the name of where it is."""
    for item in items:
        image = corrected(item).image if item.included else None
        if image is not None:
            yield f"“{corrected(item).title}”", image
    for block in issue.blocks:
        where = Phrase("the block “{heading}”", heading=block.heading)
        if block.image:
            yield where, Image(block.image, block.image_alt)
        yield from ((where, image) for image in _in_prose(block.text))
    yield from ((Phrase("the note"), image) for image in _in_prose(issue.note))


def _in_prose(text: str) -> Iterator[Image]:
    return (Image(part.image, part.alt) for part in prose.parse(text) if part.image)


def unmeasured(
    issue: Issue, items: Sequence[Item], known: Mapping[str, StoredPicture]
) -> tuple[str, ...]:
    """Return the addresses that must be looked at before the issue is rendered.

    A file may have changed since, and a server may answer again.
    """
    wanted = (
        image.url
        for _, image in printed_images(issue, items)
        if needs_copy(image.url) or not (image.width and image.height)
    )
    return tuple(dict.fromkeys(url for url in wanted if _is_open(url, known)))


def _is_open(url: str, known: Mapping[str, StoredPicture]) -> bool:
    """Return whether an image must be looked at; one whose address fits no index never is."""
    stored = known.get(url)
    if len(url.encode()) > LONGEST_URL:
        return False
    return stored is None or bool(stored.problem) or url.startswith(LOCAL)


def problems(
    issue: Issue, items: Sequence[Item], known: Mapping[str, StoredPicture]
) -> Iterator[str]:
    """Yield a sentence about each image that is left out or printed without its size."""
    for where, image in printed_images(issue, items):
        stored = known.get(image.url, StoredPicture(image.url))
        reason = stored.problem or Phrase("it has not been read yet")
        if stored.missing or (needs_copy(image.url) and not stored.copy):
            yield Phrase(
                "The image of {where} is left out: {reason}. Choose another image.",
                where=where,
                reason=reason,
            )
        elif stored.problem and not (image.width and image.height):
            yield (
                Phrase(
                    "The size of the image of {where} is unknown: {reason}. Look at it in the preview.",
                    where=where,
                    reason=reason,
                )
            )
