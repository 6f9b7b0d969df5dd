"""The rows of imports: begin, advance, finish, and find what an undo takes back."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from subscribers.model import BY_IMPORT
from subscribers.store.tables import (
    audit,
    import_changes,
    import_chunks,
    imports,
    subscribers,
    suppressions,
)

_MAX_ID_BITS = 31  # PostgreSQL refuses to compare an integer column with a larger number


@dataclass(frozen=True, slots=True)
class Import:
    """One import and its counts. `state` is reviewed, applying, applied or undone."""

    id: int
    file: str
    format: str
    state: str
    applied_to: int
    counts: Mapping[str, int]
    actor: str
    started_at: datetime
    applied_at: datetime | None
    undone_at: datetime | None

    @property
    def origin(self) -> str:
        """Return the origin of subscribers and suppressions that came with it."""
        return origin(self.id)


@dataclass(frozen=True, slots=True)
class ImportSource:
    """The file of an import and how it is read.

    The same fingerprint means the same file, read the same way.
    """

    file: str
    fingerprint: str
    format: str
    options: Mapping[str, object]


def origin(import_id: int) -> str:
    """Return the origin of subscribers and suppressions that came with an import."""
    return f"{BY_IMPORT}{import_id}"


def origin_with_first(import_id: int, first: str) -> str:
    """Return the origin of a suppression that came with an import, and who knew it first."""
    return f"{origin(import_id)}: {first}" if first else origin(import_id)


def first_origin(stored: str) -> str:
    """Return who knew a suppression first, the inverse of `origin_with_first`."""
    return re.sub(rf"^{BY_IMPORT}\d+: ", "", stored, count=1)


def begin(connection: sa.Connection, source: ImportSource, *, actor: str, now: datetime) -> Import:
    """Return the unfinished import of this file, or begin one.

    One that was reviewed at the desk has chunks and is left to the workers.
    """
    unfinished = connection.execute(
        sa.select(imports).where(
            imports.c.fingerprint == source.fingerprint,
            imports.c.state == "applying",
            imports.c.id.not_in(sa.select(import_chunks.c.import_id)),
        )
    ).first()
    if unfinished is not None:
        return _import(unfinished)
    return _add(connection, source, "applying", actor=actor, now=now)


def add_reviewed(
    connection: sa.Connection, source: ImportSource, *, actor: str, now: datetime
) -> Import:
    """Add an import that changes nothing before it is approved."""
    return _add(connection, source, "reviewed", actor=actor, now=now)


def approve(connection: sa.Connection, import_id: int, *, actor: str, now: datetime) -> bool:
    """Let a reviewed import be applied; return False if it was approved before or is not known."""
    approved = connection.execute(
        imports.update()
        .where(imports.c.id == import_id, imports.c.state == "reviewed")
        .values(state="applying", actor=actor, started_at=now)
    )
    return approved.rowcount == 1


def _add(
    connection: sa.Connection, source: ImportSource, state: str, *, actor: str, now: datetime
) -> Import:
    row = connection.execute(
        imports.insert()
        .values(
            file=source.file,
            fingerprint=source.fingerprint,
            format=source.format,
            options=dict(source.options),
            state=state,
            counts={},
            actor=actor,
            started_at=now,
        )
        .returning(imports)
    ).one()
    return _import(row)


def load(connection: sa.Connection, import_id: int) -> Import | None:
    """Return an import, or None."""
    return _found(connection, sa.select(imports), import_id)


def lock(connection: sa.Connection, import_id: int) -> Import | None:
    """Return an import, or None, and let others that lock it wait until the commit."""
    return _found(connection, sa.select(imports).with_for_update(), import_id)


def _found(connection: sa.Connection, query: sa.Select[Any], import_id: int) -> Import | None:
    if import_id.bit_length() > _MAX_ID_BITS:
        return None
    row = connection.execute(query.where(imports.c.id == import_id)).first()
    return None if row is None else _import(row)


def recent(connection: sa.Connection, limit: int = 20) -> list[Import]:
    """Return the latest imports that were approved, newest first."""
    approved = sa.select(imports).where(imports.c.state != "reviewed")
    rows = connection.execute(approved.order_by(imports.c.id.desc()).limit(limit))
    return [_import(row) for row in rows]


def advance(
    connection: sa.Connection, current: Import, row: int, counts: Mapping[str, int]
) -> bool:
    """Record how far an import has come; False means that another process is applying it."""
    moved = connection.execute(
        imports.update()
        .where(
            imports.c.id == current.id,
            imports.c.applied_to == current.applied_to,
            imports.c.state == "applying",
        )
        .values(applied_to=row, counts=dict(counts))
    )
    return moved.rowcount == 1


def finish(
    connection: sa.Connection, import_id: int, state: str, *, actor: str, now: datetime
) -> None:
    """Close an import as applied or undone, and record it in the audit."""
    when = {"applied": {"applied_at": now}, "undone": {"undone_at": now}}[state]
    row = connection.execute(
        imports.update()
        .where(imports.c.id == import_id)
        .values(state=state, **when)
        .returning(imports.c.file, imports.c.counts)
    ).one()
    connection.execute(
        audit.insert().values(
            at=now,
            actor=actor,
            act=f"import {state}",
            detail={"import": import_id, "file": row.file, "counts": row.counts},
        )
    )


def added_by(connection: sa.Connection, import_id: int, after: int, size: int) -> Sequence[Any]:
    """Return the next subscribers that an import added: id, address, acted_at."""
    return connection.execute(
        sa.select(subscribers.c.id, subscribers.c.address, subscribers.c.acted_at)
        .where(subscribers.c.origin == origin(import_id), subscribers.c.id > after)
        .order_by(subscribers.c.id)
        .limit(size)
    ).all()


def changed_later(connection: sa.Connection, import_id: int, ids: Sequence[int]) -> dict[int, int]:
    """Map those of `ids` that a later import changed, unless it was undone, to that import."""
    rows = connection.execute(
        sa.select(import_changes.c.subscriber_id, sa.func.max(import_changes.c.import_id))
        .join(imports, imports.c.id == import_changes.c.import_id)
        .where(
            import_changes.c.subscriber_id.in_(ids),
            import_changes.c.import_id > import_id,
            imports.c.state != "undone",
        )
        .group_by(import_changes.c.subscriber_id)
    )
    return {row[0]: row[1] for row in rows}


def changes(connection: sa.Connection, import_id: int, after: int, size: int) -> Sequence[Any]:
    """Return the next changes that an import made to existing subscribers."""
    return connection.execute(
        sa.select(
            import_changes.c.subscriber_id,
            subscribers.c.address,
            subscribers.c.address_key,
            subscribers.c.acted_at,
            import_changes.c.change,
            import_changes.c.at,
        )
        .join(subscribers, subscribers.c.id == import_changes.c.subscriber_id)
        .where(import_changes.c.import_id == import_id, import_changes.c.subscriber_id > after)
        .order_by(import_changes.c.subscriber_id)
        .limit(size)
    ).all()


def unsuppress(connection: sa.Connection, import_id: int) -> Sequence[str]:
    """Delete the suppressions that came with an import; return their keys."""
    column = suppressions.c.origin
    ours = sa.or_(column == origin(import_id), column.startswith(f"{origin(import_id)}: "))
    deleted = suppressions.delete().where(ours).returning(suppressions.c.address_key)
    return connection.scalars(deleted).all()


def _import(row: sa.Row[Any]) -> Import:
    return Import(
        id=row.id,
        file=row.file,
        format=row.format,
        state=row.state,
        applied_to=row.applied_to,
        counts=row.counts,
        actor=row.actor,
        started_at=row.started_at,
        applied_at=row.applied_at,
        undone_at=row.undone_at,
    )
