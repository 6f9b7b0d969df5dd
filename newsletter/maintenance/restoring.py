"""Put a backup in the place of the database."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.maintenance import backup
from newsletter.model.next_step import ReplayJournals
from newsletter.store import holding
from newsletter.store.database import is_sqlite, open_engine

REPLACED_FOR = timedelta(days=7)
"""How long the database that a restore has replaced is kept."""


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup took the place of the database.

    `replayed` counts the journal entries that it lacked; `kept` is where the replaced database is,
    None if there was none.
    """

    replayed: int
    kept: Path | None


def restore(
    copy: Path,
    database_url: str,
    upgrade: Callable[[sa.Engine], None],
    catch_up: Callable[[sa.Engine], int],
) -> Restored:
    """Restore a backup of a SQLite database.

    The copy is brought up to date beside the present database. It takes its place only once it has
    every unsubscribe, suppression and deletion of the journal. No issue is sent from it before a
    person has looked and released it.
    """
    present = file_of(database_url)
    staged = present.with_name(f"{present.name}.restoring")
    backup.copy_whole(copy, staged)
    engine = open_engine(f"sqlite:///{staged}")
    upgrade(engine)
    replayed = catch_up(engine)
    with engine.begin() as connection:
        holding.hold(connection)
    engine.dispose()
    kept = _swap(staged, present)
    return Restored(replayed, kept if kept.exists() else None)


def file_of(url: str) -> Path:
    """Return the file of a SQLite database; raises NotAllowed for any other database."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        msg = "restore PostgreSQL with pg_restore, then apply the journals before anything else"
        raise NotAllowed(msg, next_step=ReplayJournals())
    return Path(parsed.database)


def delete_replaced(engine: sa.Engine, before: datetime) -> int:
    """Delete a database that a restore replaced before a time; return how many were deleted."""
    if not is_sqlite(engine):
        return 0
    kept = _replaced(Path(str(engine.url.database)))
    if not kept.exists() or kept.stat().st_mtime >= before.timestamp():
        return 0
    backup.delete(kept)
    return 1


def _swap(staged: Path, database: Path) -> Path:
    """Move a staged database into the place of the present one; return where that one is kept.

    The replaced one still holds people who were deleted since the backup, so it is kept for a
    limited time only.
    """
    kept = _replaced(database)
    if database.exists():
        backup.delete(kept)
        database.replace(kept)
        kept.touch()  # its modification time is from now on when it was replaced
        log = backup.beside(database, "-wal")
        if log.exists():  # its last user was killed: the last changes are in the log only
            log.replace(backup.beside(kept, "-wal"))
    backup.delete(database)
    staged.replace(database)
    return kept


def _replaced(database: Path) -> Path:
    return backup.beside(database, ".before-restore")
