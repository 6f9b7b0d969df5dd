"""Chunks of reviewed imports: what the rows of a list ask for, until they are applied."""

from datetime import datetime

import sqlalchemy as sa

from subscribers.model import ImportChunk
from subscribers.store.dialects import overwrite_deleted
from subscribers.store.imports import lock
from subscribers.store.tables import import_chunks, imports

_APPROVED = sa.select(imports.c.id).where(imports.c.state == "applying")


def put(connection: sa.Connection, chunk: ImportChunk, body: bytes) -> None:
    """Store what the rows of a chunk ask for."""
    connection.execute(
        import_chunks.insert().values(import_id=chunk.import_id, last_row=chunk.last_row, body=body)
    )


def due(connection: sa.Connection, limit: int | None = None) -> list[ImportChunk]:
    """Return the chunks of approved imports, in the order of their rows."""
    c = import_chunks.c
    query = (
        sa.select(c.import_id, c.last_row)
        .where(c.import_id.in_(_APPROVED))
        .order_by(c.import_id, c.last_row)
    )
    return [ImportChunk(*row) for row in connection.execute(query.limit(limit))]


def next_of_each(connection: sa.Connection) -> list[ImportChunk]:
    """Return the first chunk that is left of each approved import."""
    c = import_chunks.c
    query = (
        sa.select(c.import_id, sa.func.min(c.last_row))
        .where(c.import_id.in_(_APPROVED))
        .group_by(c.import_id)
        .order_by(c.import_id)
    )
    return [ImportChunk(*row) for row in connection.execute(query)]


def take(connection: sa.Connection, chunk: ImportChunk) -> bytes | None:
    """Delete a chunk of an approved import and return its rows; None if it was applied before."""
    overwrite_deleted(connection)
    c = import_chunks.c
    return connection.scalar(
        import_chunks.delete()
        .where(
            c.import_id == chunk.import_id,
            c.last_row == chunk.last_row,
            c.import_id.in_(_APPROVED),
        )
        .returning(c.body)
    )


def any_left(connection: sa.Connection, import_id: int) -> bool:
    """Return whether an import has chunks that were not applied."""
    c = import_chunks.c
    return (
        connection.scalar(sa.select(c.last_row).where(c.import_id == import_id).limit(1))
        is not None
    )


def delete(connection: sa.Connection, import_id: int) -> None:
    """Delete the chunks of an import, which then applies nothing more."""
    overwrite_deleted(connection)
    connection.execute(import_chunks.delete().where(import_chunks.c.import_id == import_id))


def forget(connection: sa.Connection, import_id: int) -> None:
    """Delete an import that was reviewed and not approved; any other stays."""
    found = lock(connection, import_id)  # until the commit, it cannot be approved
    if found is None or found.state != "reviewed":
        return
    delete(connection, import_id)
    connection.execute(imports.delete().where(imports.c.id == import_id))


def forget_reviewed(connection: sa.Connection, before: datetime) -> None:
    """Delete the imports that were reviewed before a time and not approved."""
    old = sa.select(imports.c.id).where(
        imports.c.state == "reviewed", imports.c.started_at < before
    )
    for import_id in connection.scalars(old.order_by(imports.c.id)).all():
        forget(connection, import_id)
