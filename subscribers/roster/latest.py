"""The latest imports, and what of them waits; every pass looks, without the code that reads lists."""

import sqlalchemy as sa

from subscribers.model import ImportChunk
from subscribers.store import import_chunks, imports
from subscribers.store.imports import Import


def latest(connection: sa.Connection) -> list[Import]:
    """Return the latest imports, newest first."""
    return imports.recent(connection)


def waiting(connection: sa.Connection, limit: int | None = None) -> list[ImportChunk]:
    """Return the chunks of approved imports that were not applied yet, in the order of their rows."""
    return import_chunks.due(connection, limit)


def next_of_each(connection: sa.Connection) -> list[ImportChunk]:
    """Return the chunk of each approved import that is to be applied next."""
    return import_chunks.next_of_each(connection)
