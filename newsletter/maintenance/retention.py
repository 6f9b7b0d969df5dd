"""Delete what the configuration no longer keeps."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from newsletter.maintenance import counters
from newsletter.maintenance.restoring import REPLACED_FOR, delete_replaced
from newsletter.maintenance.uploads import KEPT, purge_uploads
from newsletter.model.retention import Retention
from newsletter.store import events, host_turns, passes
from newsletter.store.database import is_lock_timeout
from newsletter.store.people import retention as rows
from subscribers.consent.retention import RetentionPeriods, purge
from subscribers.roster.staging import forget_older

TURNS_KEPT = timedelta(days=1)
"""Longer than any host rests."""
MOST_PORTIONS = 20
"""Transactions that delete one kind of rows in a pass: some seconds. The next pass continues."""
BREATH = 0.05
"""Seconds between two of them, in which SQLite lets others write."""


@dataclass(frozen=True, slots=True)
class Folders:
    """The folders with files of which old ones are deleted."""

    outbox: Path
    uploads: Path


@dataclass(frozen=True, slots=True)
class Tidied:
    """How much of what was deleted. If it is not finished, the next pass continues."""

    deleted: Mapping[str, int]
    finished: bool


def tidy(
    engine: sa.Engine,
    periods: Retention,
    folders: Folders,
    *,
    pepper: bytes,
    now: datetime,
    wait: Callable[[float], None],
) -> Tidied:
    """Delete what is kept no longer, in short transactions, and a bounded part of it at a time.

    The counters of reports stay; what was added to them is folded.
    """
    people = RetentionPeriods(periods.pending, periods.addresses)
    portions = (
        lambda connection: purge(connection, people, pepper=pepper, now=now),
        lambda connection: {"notices": rows.purge_notices(connection, now - periods.notices)},
        lambda connection: {"events": events.purge(connection, now - periods.events)},
        lambda connection: rows.purge_deliveries(connection, now - periods.deliveries),
    )
    done = [_repeat(engine, portion, wait) for portion in portions]
    deleted = sum((Counter(part.deleted) for part in done), Counter[str]())
    with engine.begin() as connection:
        deleted["reports"] = passes.purge(connection, now - periods.events)
        host_turns.purge(connection, now - TURNS_KEPT)
    counters.fold(engine)
    deleted["emails in the outbox"] = purge_outbox(folders.outbox, now - periods.outbox)
    purge_uploads(folders.uploads, now - KEPT)
    forget_older(engine, now - KEPT)
    deleted["replaced databases"] = delete_replaced(engine, now - REPLACED_FOR)
    return Tidied(deleted, all(part.finished for part in done))


def _repeat(
    engine: sa.Engine,
    portion: Callable[[sa.Connection], Mapping[str, int]],
    wait: Callable[[float], None],
) -> Tidied:
    """Delete portions of one kind, each in its own transaction, until nothing is left to delete.

    On PostgreSQL, whole partitions are left to the next pass if others use the tables for too long.
    """
    deleted: Counter[str] = Counter()
    try:
        for _ in range(MOST_PORTIONS):
            with engine.begin() as connection:
                found = portion(connection)
            if not any(found.values()):
                return Tidied(deleted, finished=True)
            deleted.update(found)
            wait(BREATH)
    except sa.exc.OperationalError as error:
        if not is_lock_timeout(error):
            raise
    return Tidied(deleted, finished=False)


def purge_outbox(folder: Path, before: datetime) -> int:
    """Delete email files written before a time; return how many.

    Partial files go too: a worker that died left them, and their issue was cancelled.
    """
    number = 0
    for path in (*folder.glob("*.eml"), *folder.glob(".*.eml.part")):
        with suppress(FileNotFoundError):  # another pass deletes too, and partial files are renamed
            if path.stat().st_mtime < before.timestamp():
                path.unlink()
                number += 1
    return number
