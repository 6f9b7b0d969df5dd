"""Look at images before they are printed: measure them, and copy those that emails cannot link to."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote, urlsplit

from newsletter.collect.finding.folders import read_bytes
from newsletter.collect.text.images import size_of
from newsletter.errors import FetchFailed
from newsletter.fetch.client import Fetched, Fetcher, FetchRequest, origin
from newsletter.model.picture import LOCAL, PictureCopy, StoredPicture, needs_copy
from newsletter.model.source import Source

AT_ONCE, SECONDS = 8, 30.0
IMAGE_TYPES = "image/jpeg, image/png, image/webp, image/gif, image/*;q=0.5"
LARGEST = 5_000_000
"""Bytes of an image that is copied."""
HEAD = 65_536
"""Bytes of an image that are read to measure it."""
LONGEST_SIDE = 65_535
"""In pixels: the most that JPEG allows."""
NOT_AN_IMAGE = "it is not a PNG, JPEG, GIF or WebP image"
_GONE = frozenset({404, 410})
SUFFIXES = ("png", "jpg", "jpeg", "gif", "webp")
_TYPES = ((b"\x89PNG", "png"), (b"GIF8", "gif"), (b"\xff\xd8", "jpeg"), (b"RIFF", "webp"))

Seen = tuple[StoredPicture, PictureCopy | None]


def look_at(fetcher: Fetcher, sources: Sequence[Source], addresses: Iterable[str]) -> list[Seen]:
    """Look at images, and return what was found out with our copy of each that needs one.

    Fetches through the guard against private networks, and waits SECONDS. What has not answered by
    then is not in the result.
    """
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="images")
    looks = [pool.submit(_seen, fetcher, sources, address) for address in addresses]
    wait(looks, timeout=SECONDS)
    pool.shutdown(wait=False, cancel_futures=True)
    return [look.result() for look in looks if look.done() and not look.cancelled()]


def _seen(fetcher: Fetcher, sources: Sequence[Source], address: str) -> Seen:
    try:
        if address.startswith(LOCAL):
            return _copied(address, read_bytes(_file(address, sources), LARGEST))
        content = _fetched(fetcher, sources, address)
    except FetchFailed as error:
        missing = needs_copy(address) or error.status in _GONE
        return StoredPicture(address, problem=str(error), missing=missing), None
    if needs_copy(address):
        return _copied(address, content)
    size = _size(content)
    if size is None:
        return StoredPicture(address, problem=NOT_AN_IMAGE), None
    return StoredPicture(address, *size), None


def _size(content: bytes) -> tuple[int, int] | None:
    """Return the size that an image states, unless no image has that size."""
    size = size_of(content[:HEAD])
    return size if size and all(0 < side <= LONGEST_SIDE for side in size) else None


def _copied(address: str, content: bytes) -> Seen:
    size = _size(content)
    kind = next((suffix for start, suffix in _TYPES if content.startswith(start)), "")
    if size is None or not kind:
        return StoredPicture(address, problem=NOT_AN_IMAGE, missing=True), None
    name = f"{sha256(content).hexdigest()[:32]}.{kind}"
    return StoredPicture(address, *size, copy=name), PictureCopy(name, f"image/{kind}", content)


def _fetched(fetcher: Fetcher, sources: Sequence[Source], address: str) -> bytes:
    private = {origin(source.url) for source in sources if source.allow_private}
    own = origin(address)
    whole = needs_copy(address)
    request = FetchRequest(
        address,
        accept=IMAGE_TYPES,
        private_origin=own if own in private else "",
        first_bytes=0 if whole else HEAD,
        max_bytes=LARGEST,
    )
    got = fetcher.fetch(request)
    return got.body if isinstance(got, Fetched) else b""


def _file(address: str, sources: Sequence[Source]) -> Path:
    """Return the file of a local image; it never leads out of the folder of its source."""
    key, _, name = address.removeprefix(LOCAL).partition("/")
    folder = next((source.path for source in sources if source.key == key), None)
    path = (folder / name).resolve() if folder else None
    if folder is None or path is None or not path.is_relative_to(folder.resolve()):
        msg = f"it is not in the folder of a source: {name}"
        raise FetchFailed(msg)
    return path


def beside(url: str, file: Path, source: Source) -> str:
    """Return the local address of an article's image, or "" if there is none beside its file.

    It is the file that `url` names, else one with the article's own name and another suffix, in the
    same folder or in a folder `images` there.
    """
    if source.path is None:
        return ""
    home = source.path.resolve()
    named = Path(unquote(urlsplit(url).path)).name
    names = [named] if named else [f"{file.stem}.{suffix}" for suffix in SUFFIXES]
    for path in (
        folder / name for folder in (file.parent, file.parent / "images") for name in names
    ):
        found = _resolved(path)
        if found and found.is_relative_to(home) and size_of(_head(found)):
            return f"{LOCAL}{source.key}/{found.relative_to(home).as_posix()}"
    return ""


def _resolved(path: Path) -> Path | None:
    """Return the file that a path leads to; an article can name what no file can be called."""
    try:
        found = path.resolve()
        return found if found.is_file() else None
    except (OSError, ValueError):
        return None


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError:
        return b""
