"""Looking after the database: whether it is whole, and copies of it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from newsletter.errors import NotAllowed

PG_DUMP = "PostgreSQL is backed up by its own pg_dump -Fc; this command copies SQLite files"


def problems(engine: sa.Engine) -> list[str]:
    """Return what is wrong with the database's own structure; empty when it is whole.

    `integrity_check`, not `quick_check`: the latter reports false faults in some SQLite versions.
    """
    if engine.dialect.name != "sqlite":
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
    if engine.dialect.name != "sqlite":
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


def restore(source: Path, database: Path) -> None:
    """Put a copy in the place of a SQLite database; what was there is kept beside it.

    Nobody else may have the database open. Raise NotAllowed when the copy is not whole.
    """
    if faults := list(_faults(source)):
        msg = f"{source} cannot be restored: {faults[0]}"
        raise NotAllowed(msg)
    if database.exists():
        database.replace(database.with_name(f"{database.name}.before-restore"))
    for leftover in ("-wal", "-shm"):
        database.with_name(database.name + leftover).unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as copy, closing(sqlite3.connect(database)) as fresh:
        copy.backup(fresh, pages=-1)


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
