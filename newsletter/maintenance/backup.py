"""Check whether the database is whole, and copy it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.store.database import is_sqlite

PG_DUMP = "back up PostgreSQL with its own pg_dump -Fc; this command copies SQLite files"


def problems(engine: sa.Engine) -> list[str]:
    """Return what is wrong with the structure of the database; empty if it is whole.

    Uses `integrity_check`: `quick_check` reports false faults in some SQLite versions.
    """
    if not is_sqlite(engine):
        return []
    with engine.connect() as connection:
        found = [row[0] for row in connection.exec_driver_sql("PRAGMA integrity_check")]
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    faults = [f"the database is damaged: {line}" for line in found if line != "ok"]
    if broken:
        faults.append(f"{len(broken)} rows refer to rows that do not exist")
    return faults


def backup(engine: sa.Engine, target: Path) -> None:
    """Write a consistent copy of a SQLite database, whole or not at all.

    Raises NotAllowed on PostgreSQL, or if the target exists or cannot be written.
    """
    if not is_sqlite(engine):
        raise NotAllowed(PG_DUMP)
    if target.exists():
        msg = f"{target} exists; name a new file"
        raise NotAllowed(msg)
    partial = target.with_name(f".{target.name}.part")
    try:
        with (
            closing(sqlite3.connect(str(engine.url.database))) as source,
            closing(sqlite3.connect(partial)) as copy,
        ):
            # All pages in one step: smaller steps start over at every change by another connection.
            source.backup(copy, pages=-1)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        msg = f"the copy {target} cannot be written: {error}"
        raise NotAllowed(msg) from error


def copy_whole(source: Path, target: Path) -> None:
    """Copy a database file that is whole; raises NotAllowed if it is not."""
    if faults := list(_faults(source)):
        msg = f"the copy {source} cannot be restored: {faults[0]}"
        raise NotAllowed(msg)
    delete(target)
    with closing(sqlite3.connect(source)) as copy, closing(sqlite3.connect(target)) as fresh:
        copy.backup(fresh, pages=-1)


def delete(database: Path) -> None:
    """Delete a database file with its log."""
    for ending in ("", "-wal", "-shm"):
        beside(database, ending).unlink(missing_ok=True)


def beside(database: Path, ending: str) -> Path:
    """Return the path of a file beside a database file."""
    return database.with_name(database.name + ending)


def _faults(source: Path) -> Iterator[str]:
    if not source.is_file():
        yield "the file does not exist"
        return
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as opened:
            found = [row[0] for row in opened.execute("PRAGMA integrity_check")]
    except sqlite3.Error as error:
        yield str(error)
        return
    yield from (line for line in found if line != "ok")
