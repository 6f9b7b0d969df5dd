"""What is known about an image that an email prints: its size, and where it is served from."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

WIDEST = 528
"""The width of the text column in pixels: 600 less a margin of 36 on each side."""
NARROW = 252
"""The width of each of two columns in pixels."""
COLUMN_ON_PHONE = 360
"""The width to which a column grows where columns are below each other."""
TALLEST, TALLEST_RATIO = 440, 1.25
"""The greatest height in pixels at which an image is printed, and relative to the room."""
LOCAL = "file:"
"""How the address of an image begins that is beside an article's file: file:<source>/<path>."""


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """An image that was looked at before it is printed.

    The size is 0 if it is unknown. `copy` is the name of our copy, empty if the image is served
    from its own address. `problem` says why it could not be read, and `missing` that no one can.
    """

    url: str
    width: int = 0
    height: int = 0
    copy: str = ""
    problem: str = ""
    missing: bool = False


@dataclass(frozen=True, slots=True)
class PictureCopy:
    """The bytes of an image; `name` is made from them and ends with the suffix of its type."""

    name: str
    media_type: str
    content: bytes


LookAt = Callable[[Iterable[str]], list[tuple[StoredPicture, PictureCopy | None]]]
"""Reads images and returns what was found out about each; it uses the network."""


def needs_copy(url: str) -> bool:
    """Return whether emails cannot link to an address, so that readers get our copy of it."""
    return not url.startswith("https://")


def fitted(width: int, height: int, widest: int = WIDEST) -> tuple[int, int]:
    """Return the size at which an image is printed: within bounds, never enlarged."""
    tallest = min(TALLEST, widest * TALLEST_RATIO)
    scale = min(1.0, widest / width, tallest / height)
    return max(1, round(width * scale)), max(1, round(height * scale))
