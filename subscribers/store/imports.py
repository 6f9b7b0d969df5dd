"""Write what an import decided, remember how to take it back, and take it back."""

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
    imports,
    subscribers,
    suppressions,
)

_BITS = 32
"""A number of so many bits is none of an import, and more than PostgreSQL compares one with."""


@dataclass(frozen=True, slots=True)
class Import:
    """One import: where it stands and what came of it."""

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
        """Return the word by which people and suppressions say that they came with it."""
        return origin(self.id)


def origin(import_id: int) -> str:
    """Return the word by which people and suppressions say that they came with an import."""
    return f"{BY_IMPORT}{import_id}"


def through(import_id: int, first: str) -> str:
    """Return the word by which a suppression says who knew it first, and which import told us."""
    return f"{origin(import_id)}: {first}" if first else origin(import_id)


def before(word: str) -> str:
    """Return who knew a suppression first, of what `through` made of it."""
    return re.sub(rf"^{BY_IMPORT}\d+: ", "", word, count=1)


@dataclass(frozen=True, slots=True)
class Origin:
    """Which file is imported, and how; the same fingerprint means: the same file, read alike."""

    file: str
    fingerprint: str
    format: str
    options: Mapping[str, object]


def begin(connection: sa.Connection, source: Origin, *, actor: str, now: datetime) -> Import:
    """Return the unfinished import of this very file, or begin one."""
    unfinished = connection.execute(
        sa.select(imports).where(
            imports.c.fingerprint == source.fingerprint, imports.c.state == "applying"
        )
    ).first()
    if unfinished is not None:
        return _import(unfinished)
    row = connection.execute(
        imports.insert()
        .values(
            file=source.file,
            fingerprint=source.fingerprint,
            format=source.format,
            options=dict(source.options),
            state="applying",
            counts={},
            actor=actor,
            started_at=now,
        )
        .returning(imports)
    ).one()
    return _import(row)


def load(connection: sa.Connection, import_id: int) -> Import | None:
    """Return an import, or None."""
    if import_id.bit_length() >= _BITS:
        return None
    row = connection.execute(sa.select(imports).where(imports.c.id == import_id)).first()
    return None if row is None else _import(row)


def recent(connection: sa.Connection, limit: int = 20) -> list[Import]:
    """Return the latest imports, newest first."""
    rows = connection.execute(sa.select(imports).order_by(imports.c.id.desc()).limit(limit))
    return [_import(row) for row in rows]


def advance(connection: sa.Connection, one: Import, row: int, counts: Mapping[str, int]) -> bool:
    """Note how far an import has come; False means: another process is at it."""
    moved = connection.execute(
        imports.update()
        .where(
            imports.c.id == one.id,
            imports.c.applied_to == one.applied_to,
            imports.c.state == "applying",
        )
        .values(applied_to=row, counts=dict(counts))
    )
    return moved.rowcount == 1


def finish(
    connection: sa.Connection, import_id: int, state: str, *, actor: str, now: datetime
) -> None:
    """Close an import as applied or undone, and say so in the audit."""
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


def brought(connection: sa.Connection, import_id: int, after: int, size: int) -> Sequence[Any]:
    """Return the next people whom an import brought: id, address, acted_at."""
    return connection.execute(
        sa.select(subscribers.c.id, subscribers.c.address, subscribers.c.acted_at)
        .where(subscribers.c.origin == origin(import_id), subscribers.c.id > after)
        .order_by(subscribers.c.id)
        .limit(size)
    ).all()


def changed_later(connection: sa.Connection, import_id: int, ids: Sequence[int]) -> dict[int, int]:
    """Map those of `ids` whom a later import, still in force, changed to that import."""
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
    """Return the next changes of an import on people who were there: whose, what, and when."""
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
    """Take back the suppressions that came with an import; return their keys."""
    mine = suppressions.c.origin
    ours = sa.or_(mine == origin(import_id), mine.startswith(f"{origin(import_id)}: "))
    gone = suppressions.delete().where(ours).returning(suppressions.c.address_key)
    return connection.scalars(gone).all()


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
