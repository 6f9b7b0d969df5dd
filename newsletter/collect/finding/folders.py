"""List the articles in a folder: every .html, .md and .txt file, including subfolders."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from newsletter.collect.entry import Entry, Listing
from newsletter.errors import FetchFailed

SUFFIXES = frozenset({".html", ".htm", ".xhtml", ".md", ".markdown", ".txt", ".text"})
IMAGES = frozenset({".png", ".jpg", ".jpeg", ".gif", ".webp"})
"""Suffixes of files that belong to an article beside them."""
MOST_FILES = 50_000


def list_folder(folder: Path, *, links: str = "", ignore: str = "") -> Listing:
    """List the files of a folder, most recently changed first.

    `links` and `ignore` are patterns for the path within the folder. Hidden files and images are
    ignored; files with other suffixes are skipped with a reason. Raises FetchFailed if the folder cannot
    be read.
    """
    if not folder.is_dir():
        msg = f"there is no folder {folder}" if not folder.exists() else f"{folder} is not a folder"
        raise FetchFailed(msg)
    wanted, unwanted = re.compile(links), re.compile(ignore) if ignore else None
    entries: list[tuple[int, Entry]] = []
    skipped: list[tuple[str, str]] = []
    home = folder.resolve()
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        if not path.resolve().is_relative_to(home):
            skipped.append((name, "not read: it links to a file outside the folder"))
            continue
        if path.suffix.lower() in IMAGES:
            continue
        if path.suffix.lower() not in SUFFIXES:
            skipped.append(
                (name, f"not read: {path.suffix or 'no suffix'} is neither HTML, Markdown nor text")
            )
        elif (unwanted and unwanted.search(name)) or not wanted.search(name):
            skipped.append((name, "excluded by the source's patterns"))
        else:
            _list_file(path, name, entries, skipped)
    entries.sort(key=lambda pair: (-pair[0], pair[1].key))
    return Listing(tuple(entry for _, entry in entries), tuple(skipped))


def _files(folder: Path) -> Iterator[Path]:
    try:
        found = sorted(path for path in folder.rglob("*") if not path.name.startswith("."))
    except OSError as error:
        msg = f"{folder} cannot be read: {error.strerror}"
        raise FetchFailed(msg) from error
    yield from (path for path in found[:MOST_FILES] if path.is_file())


def _list_file(
    path: Path, name: str, entries: list[tuple[int, Entry]], skipped: list[tuple[str, str]]
) -> None:
    try:
        state = path.stat()
    except OSError as error:
        skipped.append((name, f"cannot be read: {error.strerror}"))
        return
    fingerprint = f"{state.st_mtime_ns}-{state.st_size}"
    entries.append((state.st_mtime_ns, Entry(key=name, fingerprint=fingerprint, path=path)))


def read_bytes(path: Path, largest: int) -> bytes:
    """Read a file of at most `largest` bytes. Raises FetchFailed with the reason."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > largest:
                msg = f"too large: {size / 1e6:.0f} MB (the limit is {largest / 1e6:.0f} MB)"
                raise FetchFailed(msg)
            return file.read(largest + 1)
    except OSError as error:
        msg = f"cannot be read: {error.strerror}"
        raise FetchFailed(msg) from error
