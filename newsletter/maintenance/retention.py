"""Delete what the configuration no longer keeps."""

from contextlib import suppress
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


def tidy(
    engine: sa.Engine,
    periods: Retention,
    *,
    outbox: Path,
    uploads: Path,
    pepper: bytes,
    now: datetime,
) -> dict[str, int]:
    """Delete what is kept no longer, a bounded part at a time; return how much of what.

    The counters of reports stay; what was added to them is folded.
    """
    with engine.begin() as connection:
        people = purge(
            connection,
            RetentionPeriods(periods.pending, periods.addresses),
            pepper=pepper,
            now=now,
        )
        ours = {"notices": rows.purge_notices(connection, now - periods.notices)}
        reported = events.purge(connection, now - periods.events)
        ours["reports"] = passes.purge(connection, now - periods.events)
        host_turns.purge(connection, now - TURNS_KEPT)
    ours["deliveries"] = _purge_deliveries(engine, now - periods.deliveries)
    counters.fold(engine)
    files = purge_outbox(outbox, now - periods.outbox)
    purge_uploads(uploads, now - KEPT)
    forget_older(engine, now - KEPT)
    replaced = delete_replaced(engine, now - REPLACED_FOR)
    ours["events"] = reported
    return {**people, **ours, "emails in the outbox": files, "replaced databases": replaced}


def _purge_deliveries(engine: sa.Engine, before: datetime) -> int:
    """Delete who got one old issue, unless PostgreSQL is busy with the tables: then later."""
    try:
        with engine.begin() as connection:
            return rows.purge_deliveries(connection, before)
    except sa.exc.OperationalError as error:
        if not is_lock_timeout(error):
            raise
        return 0


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
