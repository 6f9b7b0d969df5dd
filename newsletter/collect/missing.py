"""Notice recent entries that a source no longer lists: their articles may have been withdrawn."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.collect.entry import INDEX, Listing
from newsletter.model.source import Source
from newsletter.store.content import articles
from newsletter.store.content import sources as source_store

RECENT = timedelta(days=2)
"""Only alerts ask whether an article was withdrawn, and they are sent within a day."""


def complete(source: Source, listing: Listing) -> frozenset[str] | None:
    """Return the keys of a listing; None if an entry that is not in it may still exist.

    A file that is there but cannot be used is named among those that were skipped.
    """
    keys = frozenset(entry.key for entry in listing.entries)
    if not keys:
        return None
    if source.kind == "folder":
        return keys | {name for name, _ in listing.skipped}
    return None if listing.skipped or listing.note == INDEX else keys


def note(
    connection: sa.Connection, source: Source, listed: frozenset[str], now: datetime
) -> list[int]:
    """Note which recent entries are missing, and which are back; return the articles that are back."""
    recent = source_store.recent(connection, source.key, now - RECENT)
    absent = [entry for entry in recent if entry.key not in listed and entry.missing_since is None]
    back = [entry for entry in recent if entry.key in listed and entry.missing_since is not None]
    if absent:
        first_seen = source_store.first_seen(connection, source.key)
        present = [first_seen[key] for key in listed & first_seen.keys()]
        for entry in absent:
            if source.kind == "folder" or was_removed(entry.first_seen_at, present):
                source_store.mark_missing(connection, source.key, entry.key, now)
    for entry in back:
        source_store.mark_missing(connection, source.key, entry.key, None)
    return articles.restore(connection, [entry.article_id for entry in back])


def was_removed(first_seen_at: datetime, present: list[datetime]) -> bool:
    """Return whether a missing entry was removed, and not pushed out by newer ones.

    A feed that is cut off keeps its newest entries, so more of the present ones are newer.
    `present` are the times at which the entries that are still listed were first seen.
    """
    older = sum(moment < first_seen_at for moment in present)
    newer = sum(moment > first_seen_at for moment in present)
    return older > newer
