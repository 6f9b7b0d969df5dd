"""Tell pictures from avatars, logos, icons and tracking pixels, by address and size."""

import re
from urllib.parse import urlsplit

_NOT_A_PICTURE = re.compile(
    r"avatar|gravatar|(?<![a-z])logos?(?![a-z])|logo-|-logo|_logo|favicon|(?<![a-z])icons?(?![a-z])"
    r"|sprite|emoji|smil(?:ey|ies)|badge|button|placeholder|default[-_.]?(?:image|img|share|social|og|thumb)"
    r"|(?:image|img|share|social|og|thumb)[-_.]?default|site-?default|no-?image|blank\.|spacer|pixel"
    r"|(?<![a-z])1x1(?![0-9])|/wp-includes/|feeds\.feedburner|/stats?/|tracking|beacon|count\.gif|counter"
    r"|share-?(?:image|card)\.|loading|transparent|author[-_/]|headshot|byline|profile[-_/]?(?:pic|photo|image)",
    re.IGNORECASE,
)
_DRAWN = re.compile(r"\.(?:svg|ico|bmp|tiff?)(?:\?|$)", re.IGNORECASE)
SMALLEST_SIDE, SMALLEST_WIDTH = 100, 250
WIDEST_RATIO = 5.0
LONGEST_ADDRESS = 2000


def is_picture(address: str, width: int | None = None, height: int | None = None) -> bool:
    """Return whether an address can be the lead picture of an article.

    Email clients do not show SVG, and small pictures look broken when they are enlarged.
    """
    if not address.startswith(("http://", "https://")) or len(address) > LONGEST_ADDRESS:
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if _DRAWN.search(parts.path) or _NOT_A_PICTURE.search(f"{parts.netloc}{parts.path}"):
        return False
    return _is_large(width, height)


def _is_large(width: int | None, height: int | None) -> bool:
    if width is not None and width < SMALLEST_WIDTH:
        return False
    if height is not None and height < SMALLEST_SIDE:
        return False
    return not (width and height) or max(width / height, height / width) <= WIDEST_RATIO
