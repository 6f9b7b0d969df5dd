"""What is remembered of sources and their entries: rows in, values out."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from newsletter.model.source import SeenEntry, SourceState
from newsletter.store.database import upsert
from newsletter.store.tables import source_entries, source_states

MANY = 400


class RecentEntry(NamedTuple):
    """An entry with an article, and since when the source no longer lists it, if so."""

    key: str
    article_id: int
    first_seen_at: datetime
    missing_since: datetime | None


def states(connection: sa.Connection, keys: Collection[str] = ()) -> dict[str, SourceState]:
    """Return the state of every source that was ever checked, or of those in `keys`, by key."""
    query = sa.select(source_states)
    if keys:
        query = query.where(source_states.c.source.in_(keys))
    rows = connection.execute(query).mappings()
    return {row["source"]: SourceState(**row) for row in rows}


def save(connection: sa.Connection, state: SourceState) -> None:
    """Store a source's state, whether or not it was known."""
    values = asdict(state)
    statement = upsert(connection, source_states).values(values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[source_states.c.source], set_=values)
    )


def entries(connection: sa.Connection, source: str, keys: Iterable[str]) -> Mapping[str, SeenEntry]:
    """Return those of the named entries that the source has shown before."""
    wanted = list(keys)
    found: dict[str, SeenEntry] = {}
    for start in range(0, len(wanted), MANY):
        rows = connection.execute(
            sa.select(
                source_entries.c.key,
                source_entries.c.fingerprint,
                source_entries.c.article_id,
                source_entries.c.attempts,
                source_entries.c.reason,
            ).where(
                source_entries.c.source == source,
                source_entries.c.key.in_(wanted[start : start + MANY]),
            )
        ).mappings()
        found.update((row["key"], SeenEntry(**row)) for row in rows)
    return found


def remember(connection: sa.Connection, source: str, entry: SeenEntry, now: datetime) -> None:
    """Store an entry, whether or not it was known; its first sighting stays."""
    values = asdict(entry)
    statement = upsert(connection, source_entries).values(
        **values, source=source, first_seen_at=now
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[source_entries.c.source, source_entries.c.key], set_=values
        )
    )


def recent(connection: sa.Connection, source: str, since: datetime) -> list[RecentEntry]:
    """Return the entries of a source that were first seen since a time and have an article."""
    e = source_entries.c
    query = sa.select(e.key, e.article_id, e.first_seen_at, e.missing_since).where(
        e.source == source, e.article_id.is_not(None), e.first_seen_at > since
    )
    return [RecentEntry(*row) for row in connection.execute(query)]


def first_seen(connection: sa.Connection, source: str) -> dict[str, datetime]:
    """Return when each entry of a source was first seen, by key."""
    e = source_entries.c
    query = sa.select(e.key, e.first_seen_at).where(e.source == source)
    return {row[0]: row[1] for row in connection.execute(query)}


def mark_missing(connection: sa.Connection, source: str, key: str, since: datetime | None) -> None:
    """Note since when a source no longer lists an entry; None if it lists it again."""
    place = (source_entries.c.source == source) & (source_entries.c.key == key)
    connection.execute(source_entries.update().where(place).values(missing_since=since))


def withdrawn(connection: sa.Connection, article_ids: Iterable[int]) -> dict[int, str]:
    """Return those of the articles that no source lists any more, with the key of one source."""
    e = source_entries.c
    listed = sa.func.sum(sa.case((e.missing_since.is_(None), 1), else_=0))
    query = (
        sa.select(e.article_id, sa.func.min(e.source))
        .where(e.article_id.in_(list(article_ids)))
        .group_by(e.article_id)
        .having(listed == 0)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
