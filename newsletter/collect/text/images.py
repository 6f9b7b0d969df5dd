"""Tell pictures from avatars, logos, icons and tracking pixels, by address and size."""

import re
from urllib.parse import urlsplit

_NOT_A_PICTURE = re.compile(
    r"avatar|gravatar|googleusercontent\.com/a[-/]|^stats?\.|(?<![a-z])logos?(?![a-z])|logo-|-logo|_logo|favicon|(?<![a-z])icons?(?![a-z])"
    r"|sprite|emoji|smil(?:ey|ies)|badge|button|placeholder|default[-_.]?(?:image|img|share|social|og|thumb)"
    r"|(?:image|img|share|social|og|thumb)[-_.]?default|site-?default|no-?image|blank\.|spacer"
    r"|(?<![a-z])1x1(?![0-9])|/wp-includes/|feeds\.feedburner|/stats?/|count\.gif"
    r"|share-?(?:image|card)\.|author[-_/]|headshot|byline|profile[-_/]?(?:pic|photo|image)"
    # Photographs have these words in their names, too: "unloading-the-ship.jpg", "beacon-hill.jpg".
    r"|/(?:[a-z]{1,12}[-_.])?(?:pixel|tracking|tracker|beacon|counter|loading|transparent)(?:\.\w{2,5})?(?:/|$)"
    r"|(?:pixel|tracking|tracker|beacon|counter|loading|transparent)[^/]{0,40}\.(?:gif|php|aspx?)$",
    re.IGNORECASE,
)
_DRAWN = re.compile(r"\.(?:svg|ico|bmp|tiff?)(?:\?|$)", re.IGNORECASE)
_RASTER = re.compile(r"^[^?#:]+\.(?:png|jpe?g|gif|webp)$", re.IGNORECASE)
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


def is_file(address: str) -> bool:
    """Return whether an address is the relative one of an image file."""
    return "://" not in address[:20] and bool(_RASTER.search(address[:LONGEST_ADDRESS]))


def _is_large(width: int | None, height: int | None) -> bool:
    if width is not None and width < SMALLEST_WIDTH:
        return False
    if height is not None and height < SMALLEST_SIDE:
        return False
    return not (width and height) or max(width / height, height / width) <= WIDEST_RATIO


def size_of(head: bytes) -> tuple[int, int] | None:
    """Return width and height from the first bytes of a PNG, GIF, JPEG or WebP file."""
    if head.startswith(b"\x89PNG\r\n\x1a\n") and len(head) >= 24:  # noqa: PLR2004 - up to IHDR
        return int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    if head[:6] in {b"GIF87a", b"GIF89a"} and len(head) >= 10:  # noqa: PLR2004
        return int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    if head.startswith(b"\xff\xd8"):
        return _jpeg_size(head)
    return _webp_size(head) if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    """Walk over the segments of a JPEG file up to the one that starts the frame."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:  # noqa: PLR2004 - a marker
        kind = head[at + 1]
        if 0xC0 <= kind <= 0xCF and kind not in {0xC4, 0xC8, 0xCC}:  # noqa: PLR2004 - start of frame
            return int.from_bytes(head[at + 7 : at + 9]), int.from_bytes(head[at + 5 : at + 7])
        at += 2 + max(2, int.from_bytes(head[at + 2 : at + 4]))
    return None


def _webp_size(head: bytes) -> tuple[int, int] | None:
    form = head[12:16]
    if form == b"VP8X" and len(head) >= 30:  # noqa: PLR2004
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if form == b"VP8L" and len(head) >= 25:  # noqa: PLR2004
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if form == b"VP8 " and len(head) >= 30:  # noqa: PLR2004
        width, height = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
        return width & 0x3FFF, height & 0x3FFF
    return None
