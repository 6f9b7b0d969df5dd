"""Looking after the database: whether it is whole, and copies of it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.store.database import is_sqlite

PG_DUMP = "PostgreSQL is backed up by its own pg_dump -Fc; this command copies SQLite files"
PG_RESTORE = (
    "restore PostgreSQL with pg_restore, then run `newsletter db replay` before anything else"
)

REPLACED_FOR = timedelta(days=7)
"""How long the database is kept that a restore has replaced."""


def problems(engine: sa.Engine) -> list[str]:
    """Return what is wrong with the database's own structure; empty when it is whole.

    `integrity_check`, not `quick_check`: the latter reports false faults in some SQLite versions.
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

    All pages in one step: smaller steps start again with every change by another connection.
    Raise NotAllowed on PostgreSQL, or when the target is there already or cannot be written.
    """
    if not is_sqlite(engine):
        raise NotAllowed(PG_DUMP)
    if target.exists():
        msg = f"{target} is there already; name a new file"
        raise NotAllowed(msg)
    partial = target.with_name(f".{target.name}.part")
    try:
        with (
            closing(sqlite3.connect(str(engine.url.database))) as source,
            closing(sqlite3.connect(partial)) as copy,
        ):
            source.backup(copy, pages=-1)
        partial.replace(target)
    except (OSError, sqlite3.Error) as error:
        partial.unlink(missing_ok=True)
        msg = f"the copy {target} cannot be written: {error}"
        raise NotAllowed(msg) from error


def file_of(url: str) -> Path:
    """Return the file of a SQLite database; raise NotAllowed for any other."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        raise NotAllowed(PG_RESTORE)
    return Path(parsed.database)


def copy_whole(source: Path, target: Path) -> None:
    """Copy a database file that is whole; raise NotAllowed when it is not."""
    if faults := list(_faults(source)):
        msg = f"the copy {source} cannot be restored: {faults[0]}"
        raise NotAllowed(msg)
    _forget(target)
    with closing(sqlite3.connect(source)) as copy, closing(sqlite3.connect(target)) as fresh:
        copy.backup(fresh, pages=-1)


def swap(staged: Path, database: Path) -> Path:
    """Let a staged database take the place of the present one; return where that one is kept.

    It still holds whoever was erased since the backup: `forget_replaced` lets go of it in time.
    """
    kept = _replaced(database)
    if database.exists():
        _forget(kept)
        database.replace(kept)
        kept.touch()  # its time now says when it was replaced
        log = _beside(database, "-wal")
        if log.exists():  # who had it open was killed: the last changes are in its log only
            log.replace(_beside(kept, "-wal"))
    _forget(database)
    staged.replace(database)
    return kept


def forget_replaced(engine: sa.Engine, before: datetime) -> int:
    """Delete a database that a restore replaced before a time; return how many."""
    if not is_sqlite(engine):
        return 0
    kept = _replaced(Path(str(engine.url.database)))
    if not kept.exists() or kept.stat().st_mtime >= before.timestamp():
        return 0
    _forget(kept)
    return 1


def _replaced(database: Path) -> Path:
    return database.with_name(f"{database.name}.before-restore")


def _forget(database: Path) -> None:
    for ending in ("", "-wal", "-shm"):
        _beside(database, ending).unlink(missing_ok=True)


def _beside(database: Path, ending: str) -> Path:
    return database.with_name(database.name + ending)


def _faults(source: Path) -> Iterator[str]:
    if not source.is_file():
        yield "there is no such file"
        return
    try:
        with closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as opened:
            found = [row[0] for row in opened.execute("PRAGMA integrity_check")]
    except sqlite3.Error as error:
        yield str(error)
        return
    yield from (line for line in found if line != "ok")
