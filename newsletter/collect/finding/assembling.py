"""Assemble the entries of a feed: keys, fingerprints, and titles for entries without one."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypedDict

from newsletter.collect.deciding.identity import digest
from newsletter.collect.entry import Entry, Listing
from newsletter.collect.finding.wording import (
    first_sentence,
    plain,
    without_trailer,
    without_trailing_paragraph,
)
from newsletter.collect.text.bylines import read_byline
from newsletter.collect.text.names import is_name
from newsletter.model.article import Author

MOST_DIGITS = 5


def listing(
    found: Sequence[Entry], *, title: str, lang: str, ttl: str = "", note: str = ""
) -> Listing:
    """Give each entry a key, mark shared guids and links, and skip empty entries."""
    guids = Counter(entry.guid for entry in found if entry.guid)
    links = Counter(entry.url for entry in found if entry.url)
    # A generator that stamps every entry with the time of the request shows no edits by it.
    stamps = {entry.changed for entry in found}
    kept: dict[str, Entry] = {}
    skipped: list[tuple[str, str]] = []
    for number, listed in enumerate(found, 1):
        if not (listed.title or listed.url or listed.html or listed.summary):
            skipped.append((f"entry {number}", "neither title, link nor text"))
            continue
        entry = replace(
            listed,
            site=title,
            shared_guid=guids[listed.guid] > 1,
            shared_url=links[listed.url] > 1,
            **(_without_trailers(listed) if listed.title else _titled(listed)),
        )
        if not entry.title and not entry.url:
            skipped.append((f"entry {number}", "neither a title nor words to make one from"))
            continue
        key = _key(entry)
        if key in kept:
            skipped.append((entry.title or entry.url or f"entry {number}", "twice in the feed"))
            continue
        stamp = entry.changed if len(stamps) > 1 or len(found) == 1 else ""
        kept[key] = replace(entry, key=key, fingerprint=_fingerprint(entry, stamp))
    minutes = int(ttl) if ttl.strip().isdecimal() and len(ttl) <= MOST_DIGITS else 0
    return Listing(tuple(kept.values()), tuple(skipped), title, lang, minutes * 60, note)


class _Texts(TypedDict, total=False):
    """The fields of an entry that are made from its texts."""

    title: str
    untitled: bool
    summary: str
    html: str


def _without_trailers(entry: Entry) -> _Texts:
    return {
        "summary": without_trailer(entry.summary, entry.title),
        "html": without_trailing_paragraph(entry.html, entry.title, entry.url),
    }


def _titled(entry: Entry) -> _Texts:
    """Return the first sentence of the text, or the words of its image, as the title."""
    text = entry.summary or plain(entry.html)
    words = first_sentence(text) or first_sentence(entry.image.alt if entry.image else "")
    return {"title": words, "untitled": True}


def _key(entry: Entry) -> str:
    """Return the key of an entry within its feed: its guid, its link, or its text."""
    if entry.guid and not entry.shared_guid:
        return digest(f"guid {entry.guid}")
    if entry.url and not entry.shared_url:
        return digest(f"url {entry.url}")
    return digest(
        f"{entry.guid}|{entry.url}|{entry.title}|{entry.summary[:200]}|{entry.html[:200]}"
    )


def _fingerprint(entry: Entry, stamp: str) -> str:
    """Hash the words of an entry, without its markup, and the time of its last change."""
    words = f"{entry.title}|{entry.url}|{plain(entry.summary)}|{plain(entry.html)}|{entry.when}"
    return digest(f"{words}|{stamp}" if stamp else words)


def people(names: Iterable[str]) -> tuple[Author, ...]:
    """Read names without email addresses, as in "x@y (Jane Doe)"."""
    return tuple(dict.fromkeys(author for name in names for author in _named(name)))


@lru_cache(maxsize=256)
def _named(name: str) -> tuple[Author, ...]:
    text = " ".join(word for word in plain(name).split() if "@" not in word).strip(" ()<>")
    return tuple(author for author in read_byline(text) if is_name(author.name))
