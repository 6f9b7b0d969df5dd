"""Check whether the database is whole, and copy it."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.store.database import is_sqlite

_NAME = re.compile(r"newsletter-\d{8}T\d{6}Z\.db")
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
    """Write a consistent copy of a SQLite database, whole or not at all, for its owner only.

    The copy is checked. Raises NotAllowed on PostgreSQL, or if the target exists or cannot be
    written.
    """
    if not is_sqlite(engine):
        raise NotAllowed(PG_DUMP)
    if target.exists():
        msg = f"{target} exists; name a new file"
        raise NotAllowed(msg)
    partial = target.with_name(f".{target.name}.part")
    try:
        partial.unlink(missing_ok=True)
        partial.touch(mode=0o600)
        with (
            closing(sqlite3.connect(str(engine.url.database))) as source,
            closing(sqlite3.connect(partial)) as copy,
        ):
            # All pages in one step: smaller steps start over at every change by another connection.
            source.backup(copy, pages=-1)
            # Pages that readers need a log for would not open on a disk that is read only.
            copy.execute("PRAGMA journal_mode=DELETE").close()
        if faults := list(_faults(partial)):
            partial.unlink()
            msg = f"the copy {target} is not whole: {faults[0]}"
            raise NotAllowed(msg)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        why = error.strerror if isinstance(error, OSError) else None
        msg = f"the copy {target} cannot be written: {why or error}"
        raise NotAllowed(msg) from error


def backup_into(engine: sa.Engine, folder: Path, keep: int, now: datetime) -> Path:
    """Write a copy into a folder, named by the time, and delete all but the newest `keep`.

    Only files that were named so are deleted, and none before the new copy is whole.
    """
    target = folder / f"newsletter-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.db"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        msg = f"the folder {folder} cannot be made: {error.strerror}"
        raise NotAllowed(msg) from error
    backup(engine, target)
    copies = sorted(path for path in folder.iterdir() if _NAME.fullmatch(path.name))
    for old in copies[:-keep]:
        old.unlink(missing_ok=True)
    return target


def copy_whole(source: Path, target: Path) -> None:
    """Copy a database file that is whole; raises NotAllowed if it is not."""
    if faults := list(_faults(source)):
        msg = f"the copy {source} cannot be restored: {faults[0]}"
        raise NotAllowed(msg)
    delete(target)
    try:
        with closing(sqlite3.connect(source)) as copy, closing(sqlite3.connect(target)) as fresh:
            copy.backup(fresh, pages=-1)
    except sqlite3.Error as error:
        msg = f"{target} cannot be written: {error}"
        raise NotAllowed(msg) from error


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
        with closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            found = [row[0] for row in opened.execute("PRAGMA integrity_check")]
    except sqlite3.Error as error:
        yield str(error)
        return
    yield from (line for line in found if line != "ok")
