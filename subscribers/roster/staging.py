"""Apply a reviewed list in chunks, on any machine.

The review keeps what each row asks for in the database. What was reviewed is what is applied: the
file is not needed any more.
"""

import zlib
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

import sqlalchemy as sa

from subscribers.model import ImportChunk
from subscribers.roster.change_set import ChangeSet, Outcomes
from subscribers.roster.chunk import Grounds, apply_rows, collected_rarely, decided, last_row
from subscribers.roster.row import ImportRow, RefusedRow
from subscribers.roster.run import ImportJob, chunks, source_of
from subscribers.store import import_chunks, imports
from subscribers.store.imports import Import

if TYPE_CHECKING:
    from pydantic import TypeAdapter

_FAST = 1

RecordEnd = Callable[[sa.Connection, int, str], None]
"""Called in the transaction that ends an import, with its number and who approved it."""


def review(
    engine: sa.Engine, reader: sa.Engine, job: ImportJob, *, actor: str, now: datetime
) -> ChangeSet:
    """Return what applying a file would do, and keep its rows for `approve`.

    Raises ImportRefused if the file cannot be read to its end.
    """
    found = ChangeSet(listing=job.listing)
    with chunks(job, found) as read:
        with engine.begin() as connection:
            found.id = imports.add_reviewed(connection, source_of(job), actor=actor, now=now).id
        for rows in read:
            with reader.begin() as connection:
                decided(connection, rows, job.grounds, found)
            body = packed(rows)
            with engine.begin() as connection:
                import_chunks.put(connection, ImportChunk(found.id, last_row(rows)), body)
    return found


def forget(connection: sa.Connection, import_id: int) -> None:
    """Delete what a review kept, unless it was approved."""
    import_chunks.forget(connection, import_id)


def forget_older(engine: sa.Engine, before: datetime) -> None:
    """Delete what reviews kept that began before a time and were not approved."""
    with engine.begin() as connection:
        import_chunks.forget_reviewed(connection, before)


def approve(
    connection: sa.Connection, import_id: int, *, actor: str, now: datetime, record_end: RecordEnd
) -> bool:
    """Let a reviewed import be applied; return False if it is not there any more.

    One without rows ends at once. Approving an import again has no effect.
    """
    if imports.approve(connection, import_id, actor=actor, now=now):
        _end_if_last(connection, import_id, now, record_end)
    return imports.load(connection, import_id) is not None


def apply_chunk(
    connection: sa.Connection,
    chunk: ImportChunk,
    grounds: Grounds,
    *,
    now: datetime,
    record_end: RecordEnd,
) -> Import | None:
    """Apply a chunk of an approved import and return the import; None if it was applied before.

    The chunk is deleted in the same transaction, so no process applies it again. The last one ends
    the import.
    """
    # Workers wait here for each other. If they waited for the table, sign-ups would wait behind them.
    current = imports.lock(connection, chunk.import_id)
    body = import_chunks.take(connection, chunk)
    if body is None or current is None:
        return None
    found = Outcomes()
    found.counts.update(current.counts)
    with collected_rarely():
        apply_rows(connection, current, unpacked(body), grounds, found, now)
    _end_if_last(connection, current.id, now, record_end)
    return imports.load(connection, current.id)


def _end_if_last(
    connection: sa.Connection, import_id: int, now: datetime, record_end: RecordEnd
) -> None:
    current = imports.load(connection, import_id)
    if current is not None and not import_chunks.any_left(connection, import_id):
        imports.finish(connection, import_id, "applied", actor=current.actor, now=now)
        record_end(connection, import_id, current.actor)


def packed(rows: Sequence[ImportRow | RefusedRow]) -> bytes:
    """Return rows as bytes for the database."""
    return zlib.compress(_rows().dump_json(list(rows), exclude_defaults=True), _FAST)


def unpacked(body: bytes) -> list[ImportRow | RefusedRow]:
    """Return the rows of `packed`."""
    return _rows().validate_json(zlib.decompress(body))


@cache
def _rows() -> "TypeAdapter[list[ImportRow | RefusedRow]]":
    from pydantic import TypeAdapter  # noqa: PLC0415 - most passes apply nothing

    return TypeAdapter(list[ImportRow | RefusedRow])
