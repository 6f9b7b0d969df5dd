"""The append-only record of who did what to whom; no tokens, and no address after erasure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from subscribers.model import BY_IMPORT
from subscribers.store.tables import audit, import_changes, imports


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that was done; `actor` is person, staff:NAME, import:N, provider or upkeep."""

    actor: str
    act: str
    at: datetime
    subscriber_id: int | None = None
    newsletter: str = ""
    detail: Mapping[str, Any] | None = None


def record(connection: sa.Connection, *acts: AuditEntry) -> None:
    """Append acts."""
    if acts:
        connection.execute(
            audit.insert(),
            [
                {
                    "at": one.at,
                    "actor": one.actor,
                    "act": one.act,
                    "subscriber_id": one.subscriber_id,
                    "newsletter": one.newsletter,
                    "detail": dict(one.detail or {}),
                }
                for one in acts
            ],
        )


def of(connection: sa.Connection, subscriber_id: int) -> Sequence[AuditEntry]:
    """Return everything that was done to one person, imports included, oldest first."""
    rows = connection.execute(
        sa.select(audit).where(audit.c.subscriber_id == subscriber_id).order_by(audit.c.id)
    )
    acts = [_act(row) for row in rows]
    changed = connection.execute(
        sa.select(import_changes, imports.c.file, imports.c.state)
        .join(imports, imports.c.id == import_changes.c.import_id)
        .where(import_changes.c.subscriber_id == subscriber_id)
    )
    acts += [
        AuditEntry(
            f"{BY_IMPORT}{row.import_id}",
            "undone change" if row.state == "undone" else "changed",
            row.at,
            subscriber_id,
            detail={"file": row.file, **row.change},
        )
        for row in changed
    ]
    return sorted(acts, key=lambda one: one.at)


def of_hash(connection: sa.Connection, hash_: str) -> Sequence[AuditEntry]:
    """Return what was done to an address while it was nobody's, oldest first."""
    rows = connection.execute(sa.select(audit).where(nobodys(hash_)).order_by(audit.c.id))
    return [_act(row) for row in rows]


def nobodys(hash_: str) -> sa.ColumnElement[bool]:
    """Return the condition of acts on an address that was nobody's then."""
    return sa.and_(audit.c.subscriber_id.is_(None), audit.c.detail["hash"].as_string() == hash_)


def _act(row: sa.Row[Any]) -> AuditEntry:
    return AuditEntry(row.actor, row.act, row.at, row.subscriber_id, row.newsletter, row.detail)
