"""The append-only record of acts: who did what to which subscriber.

It contains no tokens, and no address after an erasure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from subscribers.model import BY_IMPORT
from subscribers.store.tables import audit, import_changes, imports

LIFTED = "suppression lifted"
"""The act of allowing email to a suppressed address again."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """A recorded act. `actor` is `reader`, `import:7`, or what the caller passed: `person:kim`."""

    actor: str
    act: str
    at: datetime
    subscriber_id: int | None = None
    newsletter: str = ""
    detail: Mapping[str, Any] | None = None


def record(connection: sa.Connection, *entries: AuditEntry) -> None:
    """Append acts."""
    if entries:
        connection.execute(
            audit.insert(),
            [
                {
                    "at": entry.at,
                    "actor": entry.actor,
                    "act": entry.act,
                    "subscriber_id": entry.subscriber_id,
                    "newsletter": entry.newsletter,
                    "detail": dict(entry.detail or {}),
                }
                for entry in entries
            ],
        )


def entries_of(connection: sa.Connection, subscriber_id: int) -> Sequence[AuditEntry]:
    """Return the acts on one subscriber, changes by imports included, oldest first."""
    rows = connection.execute(
        sa.select(audit).where(audit.c.subscriber_id == subscriber_id).order_by(audit.c.id)
    )
    changed = connection.execute(
        sa.select(import_changes, imports.c.file, imports.c.state)
        .join(imports, imports.c.id == import_changes.c.import_id)
        .where(import_changes.c.subscriber_id == subscriber_id)
    )
    entries = [_entry(row) for row in rows] + [_change(row) for row in changed]
    return sorted(entries, key=lambda entry: entry.at)


def entries_of_hash(connection: sa.Connection, hash_: str) -> Sequence[AuditEntry]:
    """Return the acts on an address while it belonged to no subscriber, oldest first."""
    rows = connection.execute(sa.select(audit).where(has_hash(hash_)).order_by(audit.c.id))
    return [_entry(row) for row in rows]


def has_hash(hash_: str) -> sa.ColumnElement[bool]:
    """Return the condition for acts on an address that belonged to no subscriber at the time."""
    return sa.and_(audit.c.subscriber_id.is_(None), audit.c.detail["hash"].as_string() == hash_)


def _entry(row: sa.Row[Any]) -> AuditEntry:
    return AuditEntry(row.actor, row.act, row.at, row.subscriber_id, row.newsletter, row.detail)


def _change(row: sa.Row[Any]) -> AuditEntry:
    return AuditEntry(
        f"{BY_IMPORT}{row.import_id}",
        "undone change" if row.state == "undone" else "changed",
        row.at,
        row.subscriber_id,
        detail={"file": row.file, **row.change},
    )
