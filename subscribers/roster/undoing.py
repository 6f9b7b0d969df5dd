"""Undo an import within 30 days, in short transactions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from subscribers.errors import ImportRefused, Unknown
from subscribers.journal import Journal, record
from subscribers.model import JournalEntry
from subscribers.phrase import Phrase
from subscribers.roster.writing import restored, take_back
from subscribers.store import erasures, import_chunks, imports, people
from subscribers.store.imports import Import

CHUNK = 5_000
KEPT_EXAMPLES = 20
UNDO_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Beside:
    """The journal beside the database, and the pepper of the hashes in it.

    `record_act` is called in the transaction that ends the undo.
    """

    journal: Journal
    pepper: bytes
    record_act: Callable[[sa.Connection], None] = lambda _connection: None


@dataclass(frozen=True, slots=True)
class Undone:
    """What an undo did; `kept` are examples of subscribers who were kept, each with the reason."""

    removed: int
    restored: int
    unsuppressed: int
    kept_count: int
    kept: tuple[tuple[str, str], ...]


def undo(
    engine: sa.Engine,
    import_id: int,
    *,
    actor: str,
    now: datetime,
    beside: Beside | None = None,
    progress: Callable[[int], None] = lambda _people: None,
) -> Undone:
    """Undo an import; subscribers who have acted since are kept and listed.

    If it is being applied, it stops first: the rows that wait are deleted.

    The journal `beside` the database contains the unsubscribes of the import. Those that are
    reversed are recorded there as well.
    """
    with engine.begin() as connection:
        began = _check(imports.load(connection, import_id), import_id, now)
        import_chunks.delete(connection, import_id)
    undoing = _Undoing(began, beside, now)
    for step in (_undo_changes, _undo_added):
        after: int | None = 0
        while after is not None:
            with engine.begin() as connection:
                after = step(connection, import_id, after, undoing)
            progress(undoing.removed + undoing.restored)
    with engine.begin() as connection:
        lifted = imports.unsuppress(connection, import_id)
        imports.finish(connection, import_id, "undone", actor=actor, now=now)
        undoing.record_lifted(connection, lifted)
        if beside is not None:
            beside.record_act(connection)
    return Undone(
        undoing.removed, undoing.restored, len(lifted), undoing.kept_count, tuple(undoing.kept)
    )


class _Undoing:
    """What has been undone so far."""

    def __init__(self, began: datetime, beside: Beside | None, now: datetime) -> None:
        self.began = began
        self._beside = beside
        self._now = now
        self.removed = 0
        self.restored = 0
        self.kept_count = 0
        self.kept: list[tuple[str, str]] = []

    def keep(self, address: str, reason: str) -> None:
        self.kept_count += 1
        if len(self.kept) < KEPT_EXAMPLES:
            self.kept.append((address, reason))

    def record_restored(
        self, connection: sa.Connection, import_id: int, rows: Sequence[Any]
    ) -> None:
        if self._beside is not None:
            entries = restored(import_id, rows, self._beside.pepper, self._now)
            record(connection, self._beside.journal, entries)

    def record_lifted(self, connection: sa.Connection, keys: Sequence[str]) -> None:
        if self._beside is not None:
            hashes = (erasures.hashed(key, self._beside.pepper) for key in keys)
            lifted = (JournalEntry("lifted", self._now, 0, hash_) for hash_ in hashes)
            record(connection, self._beside.journal, lifted)


def _check(source: Import | None, import_id: int, now: datetime) -> datetime:
    """Return when an import began that may be undone."""
    if source is None or source.state == "reviewed":
        msg = Phrase("there is no import {import_id}", import_id=import_id)
        raise Unknown(msg)
    if source.state == "undone":
        msg = Phrase("import {import_id} has already been undone", import_id=import_id)
        raise ImportRefused(msg)
    if now - (source.applied_at or source.started_at) > UNDO_FOR:
        msg = Phrase(
            "import {import_id} is older than {days} days and can no longer be undone",
            import_id=import_id,
            days=UNDO_FOR.days,
        )
        raise ImportRefused(msg)
    return source.started_at


def _undo_changes(
    connection: sa.Connection, import_id: int, after: int, undoing: _Undoing
) -> int | None:
    rows = imports.changes(connection, import_id, after, CHUNK)
    later = imports.changed_later(connection, import_id, [row.subscriber_id for row in rows])
    taken_back = []
    for row in rows:
        if row.acted_at is not None and row.acted_at > row.at:
            undoing.keep(row.address, "has acted since")
        elif row.subscriber_id in later:
            undoing.keep(row.address, f"changed by import {later[row.subscriber_id]} since")
        else:
            take_back(connection, import_id, row.subscriber_id, row.change)
            undoing.restored += 1
            taken_back.append(row)
    undoing.record_restored(connection, import_id, taken_back)
    return rows[-1].subscriber_id if rows else None


def _undo_added(
    connection: sa.Connection, import_id: int, after: int, undoing: _Undoing
) -> int | None:
    rows = imports.added_by(connection, import_id, after, CHUNK)
    later = imports.changed_later(connection, import_id, [row.id for row in rows])
    removed: list[int] = []
    for row in rows:
        if row.acted_at is not None and row.acted_at > undoing.began:
            undoing.keep(row.address, "has acted since")
        elif row.id in later:
            undoing.keep(row.address, f"changed by import {later[row.id]} since")
        else:
            removed.append(row.id)
    people.remove(connection, removed)
    undoing.removed += len(removed)
    return rows[-1].id if rows else None
