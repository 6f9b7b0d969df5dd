"""Move every row of a SQLite database into an empty PostgreSQL one.

The source is locked while rows are copied, so that nothing changes in it. An interrupted move
continues where it stopped. What was copied is compared with the source before the target may be used;
from then on no process opens the source, because it would send its issues a second time.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from newsletter import migrations
from newsletter.errors import NotAllowed
from newsletter.migrations import ARRIVED, METADATA, MOVED, MOVING
from newsletter.store import holding
from newsletter.store.database import is_sqlite, open_engine
from newsletter.store.sending import partitions

CHUNK = 5_000
"""Rows that are copied in one transaction."""
_TABLES: Sequence[sa.Table] = [table for metadata in METADATA for table in metadata.sorted_tables]
"""Every table, each after those that it refers to."""

OnChunk = Callable[[str, int], None]
"""Learns the name of a table and how many of its rows the target has now."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What was copied and compared."""

    tables: int
    rows: int


@dataclass(frozen=True, slots=True)
class _Content:
    """How many rows a table has, and the sum of their hashes, which does not depend on their order."""

    rows: int
    hashes: int


def move(source_url: str, target_url: str, on_chunk: OnChunk, chunk: int = CHUNK) -> Moved:
    """Copy all rows, compare them, and let the target be used instead of the source.

    Raises NotAllowed if the target is in use, or if it differs from the source afterwards.
    """
    with _opened(source_url) as source, _opened(target_url) as target:
        if not is_sqlite(source) or is_sqlite(target):
            msg = "only a SQLite database can be moved, and only into a PostgreSQL one"
            raise NotAllowed(msg)
        moved = _moved_before(source, target) or _move(source, target, on_chunk, chunk)
        # The source is closed by now. A kill before this line leaves both closed: the move is repeated.
        with target.begin() as writing:
            migrations.set_revision(writing, migrations.head())
    return moved


def _move(source: sa.Engine, target: sa.Engine, on_chunk: OnChunk, chunk: int) -> Moved:
    migrations.upgrade(source)
    with source.begin() as reading:  # no other process writes, or moves too, from here on
        _prepare(target)
        if _differ(reading, target, partly=True):
            _empty(target)
        _partition(reading, target)
        for table in _TABLES:
            _copy(reading, target, table, on_chunk, chunk)
        if differing := _differ(reading, target):
            msg = f"the copy differs from the database in: {', '.join(differing)}. Repeat the move"
            raise NotAllowed(msg)
        with target.begin() as writing:
            _continue_numbers(reading, writing)
            migrations.set_revision(writing, ARRIVED)
        moved = _counted(target)
        holding.hold(reading)  # for the processes that have the source open
        migrations.set_revision(reading, MOVED)
    return moved


@contextmanager
def _opened(url: str) -> Iterator[sa.Engine]:
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _moved_before(source: sa.Engine, target: sa.Engine) -> Moved | None:
    """Return what an earlier move has copied that was killed at its last step."""
    if migrations.revision(source) != MOVED:
        return None
    if migrations.revision(target) != ARRIVED:
        msg = "the database was moved before; set NEWSLETTER_DATABASE_URL to where it is now"
        raise NotAllowed(msg)
    return _counted(target)


def _prepare(target: sa.Engine) -> None:
    """Create the tables and close the target, unless an interrupted move has; refuse one in use."""
    if migrations.revision(target) in {MOVING, ARRIVED}:
        return
    migrations.upgrade(target)
    with target.begin() as writing:
        used = [
            table.name
            for table in _TABLES
            if table.name != "epochs" and writing.scalar(sa.select(sa.exists(table.select())))
        ]
        if used:
            msg = f"the target has rows in {', '.join(used[:3])}; name an empty database"
            raise NotAllowed(msg)
        migrations.set_revision(writing, MOVING)
    _empty(target)


def _empty(target: sa.Engine) -> None:
    names = ", ".join(f'"{table.name}"' for table in _TABLES)
    with target.begin() as writing:
        writing.exec_driver_sql(f"TRUNCATE {names}")


def _partition(reading: sa.Connection, target: sa.Engine) -> None:
    """Create the partitions of every issue of which rows are copied."""
    for issue_id in partitions.kept(reading):
        with target.begin() as writing:
            partitions.add(writing, issue_id)


def _copy(
    reading: sa.Connection, target: sa.Engine, table: sa.Table, on_chunk: OnChunk, chunk: int
) -> None:
    """Copy the rows of a table that the target lacks, in the order of their keys."""
    with target.connect() as connection:
        done = _count(connection, table)
    rows = reading.execution_options(yield_per=chunk).execute(_rows(table).offset(done))
    for part in rows.partitions():
        with target.begin() as writing:
            _insert(writing, table, part)
        done += len(part)
        on_chunk(table.name, done)


def _insert(writing: sa.Connection, table: sa.Table, rows: Sequence[sa.Row[Any]]) -> None:
    """Insert rows with COPY, which is many times faster than INSERT."""
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    driver: Any = writing.connection.driver_connection
    try:
        with driver.cursor().copy(f'COPY "{table.name}" ({columns}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    except writing.dialect.loaded_dbapi.Error as error:
        msg = f"PostgreSQL does not take a row of {table.name}: {type(error).__name__}"
        raise NotAllowed(msg) from error


def _rows(table: sa.Table) -> sa.Select[Any]:
    """Select the rows in the order of their keys; JSON as the text that is stored."""
    columns = (
        sa.cast(column, sa.Text) if isinstance(column.type, sa.JSON) else column
        for column in table.columns
    )
    # SQLite knows OFFSET only after LIMIT.
    return sa.select(*columns).order_by(*table.primary_key.columns).limit(2**62)


def _differ(reading: sa.Connection, target: sa.Engine, *, partly: bool = False) -> list[str]:
    """Return the tables that differ; `partly` compares only what the target has by now."""
    differing = []
    with target.connect() as connection:
        for table in _TABLES:
            copied = _content(connection, _rows(table))
            rows = _rows(table).limit(copied.rows) if partly else _rows(table)
            if _content(reading, rows) != copied:
                differing.append(table.name)
    return differing


def _content(connection: sa.Connection, rows: sa.Select[Any]) -> _Content:
    count = hashes = 0
    for row in connection.execution_options(yield_per=CHUNK).execute(rows):
        digest = hashlib.blake2b(repr(tuple(row)).encode(), digest_size=16).digest()
        hashes += int.from_bytes(digest)
        count += 1
    return _Content(count, hashes)


def _continue_numbers(reading: sa.Connection, writing: sa.Connection) -> None:
    """Let the target number new rows after all that the source has numbered, deleted ones too."""
    named = reading.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
    used = {str(row.name): int(row.seq) for row in named}
    for table in _TABLES:
        (key, *others) = table.primary_key.columns
        if others or not isinstance(key.type, sa.Integer):
            continue
        largest = max(used.get(table.name, 0), writing.scalar(sa.func.max(key).select()) or 0)
        counter = sa.func.pg_get_serial_sequence(f'"{table.name}"', key.name)
        if largest and writing.scalar(counter.select()):
            writing.execute(sa.func.setval(counter, largest).select())


def _counted(target: sa.Engine) -> Moved:
    with target.connect() as connection:
        return Moved(len(_TABLES), sum(_count(connection, table) for table in _TABLES))


def _count(connection: sa.Connection, table: sa.Table) -> int:
    return connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
