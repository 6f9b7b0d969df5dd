"""Assemble the entries of a feed: keys, fingerprints, and titles for entries without one."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

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
        entry = _titled(_without_trailers(listed), title)
        if not entry.title and not entry.url:
            skipped.append((f"entry {number}", "neither a title nor words to make one from"))
            continue
        entry = replace(entry, shared_guid=guids[entry.guid] > 1, shared_url=links[entry.url] > 1)
        stamp = entry.changed if len(stamps) > 1 or len(found) == 1 else ""
        entry = replace(entry, key=_key(entry), fingerprint=_fingerprint(entry, stamp))
        if entry.key in kept:
            skipped.append((entry.title or entry.url or f"entry {number}", "twice in the feed"))
        else:
            kept[entry.key] = entry
    minutes = int(ttl) if ttl.strip().isdecimal() and len(ttl) <= MOST_DIGITS else 0
    return Listing(tuple(kept.values()), tuple(skipped), title, lang, minutes * 60, note)


def _without_trailers(entry: Entry) -> Entry:
    if not entry.title:
        return entry
    return replace(
        entry,
        summary=without_trailer(entry.summary, entry.title),
        html=without_trailing_paragraph(entry.html, entry.title, entry.url),
    )


def _titled(entry: Entry, site: str) -> Entry:
    """Give an entry without a title the first sentence of its text, or the words of its image."""
    if entry.title:
        return replace(entry, site=site)
    text = entry.summary or plain(entry.html)
    words = first_sentence(text) or first_sentence(entry.image.alt if entry.image else "")
    return replace(entry, site=site, title=words, untitled=True)


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
    found: list[Author] = []
    for name in names:
        text = " ".join(word for word in plain(name).split() if "@" not in word).strip(" ()<>")
        found.extend(author for author in read_byline(text) if is_name(author.name))
    return tuple(dict.fromkeys(found))
