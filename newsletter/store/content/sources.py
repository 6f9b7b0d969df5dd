"""What is remembered of sources and their entries: rows in, values out."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.source import SeenEntry, SourceState
from newsletter.store.tables import source_entries, source_states

MANY = 400


def states(connection: sa.Connection) -> dict[str, SourceState]:
    """Return the state of every source that was ever checked, by key."""
    rows = connection.execute(sa.select(source_states)).mappings()
    return {row["source"]: SourceState(**row) for row in rows}


def save(connection: sa.Connection, state: SourceState) -> None:
    """Store a source's state, whether or not it was known."""
    values = asdict(state)
    done = connection.execute(
        source_states.update().where(source_states.c.source == state.source).values(**values)
    )
    if done.rowcount == 0:
        connection.execute(source_states.insert().values(**values))


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
    place = (source_entries.c.source == source) & (source_entries.c.key == entry.key)
    done = connection.execute(source_entries.update().where(place).values(**values))
    if done.rowcount == 0:
        connection.execute(
            source_entries.insert().values(**values, source=source, first_seen_at=now)
        )
