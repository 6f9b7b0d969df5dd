"""How far something was read: a number by name."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from newsletter.model.clock import JUMPED
from newsletter.store.database import upsert
from newsletter.store.tables import marks


class Mark(StrEnum):
    """The marks by their stored names; {} is what a mark is about, if there is one for each.

    Times are in minutes since 1970 unless a comment says otherwise.
    """

    TIDIED = "tidied"
    """The last retention that finished."""
    SYNCED = "suppressions synced"
    """The last comparison with the provider's suppressions."""
    LIST_SYNCED = "{} synced"
    """The last complete reading of one of the provider's lists."""
    WATCHED = "watched"
    """When the watchdog last looked."""
    BACKED_UP = "backed up"
    """The last daily backup."""
    MAILBOX_READ = "mailbox read"
    """When the mailbox for bounces was last read."""
    EVENTS_PURGED = "events purged"
    """Before which time events were deleted."""
    DELIVERIES_PURGED = "deliveries purged"
    """The latest time before which issues may have lost recipients."""
    LAST_SUCCESS = "last success"
    """The end of the last pass without a failure, in seconds since 1970."""
    TICKED = "ticked"
    """When a worker last added the jobs that were due, in seconds since 1970."""
    WORKERS_REPORTED = "workers reported"
    """When the dead-man's switch was last pinged for the workers."""
    JOURNAL_READ = "{}"
    """How many bytes of a host's journal have been applied."""
    JOURNAL_CHECK = "{}#"
    """A fingerprint of those bytes."""
    INACTIVE_AT = "inactive looked at: {}"
    """The last subscriber of a newsletter who was looked at."""
    INACTIVE_THROUGH = "inactive looked through: {}"
    """The day since 1970 on which all subscribers of a newsletter were looked at."""
    SENDING_HELD = "sending held"
    """1 in a restored database until a person has looked at it, then 0."""


def read(connection: sa.Connection, mark: Mark, of: str = "") -> int:
    """Return a mark; 0 when it was never set."""
    name = mark.format(of)
    return int(connection.scalar(sa.select(marks.c.at).where(marks.c.name == name)) or 0)


def write(connection: sa.Connection, mark: Mark, at: int, of: str = "") -> None:
    """Set a mark."""
    statement = upsert(connection, marks).values(name=mark.format(of), at=at)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[marks.c.name], set_={"at": at})
    )


def move(connection: sa.Connection, mark: Mark, at: int) -> bool:
    """Set a mark; return False if it was there already. Of several processes, one gets True."""
    statement = upsert(connection, marks).values(name=mark.format(""), at=at)
    moved = statement.on_conflict_do_update(
        index_elements=[marks.c.name], set_={"at": at}, where=marks.c.at != at
    )
    return connection.scalar(moved.returning(marks.c.name)) is not None


def is_due(connection: sa.Connection, mark: Mark, now: datetime, every: int) -> bool:
    """Return whether what is to be done every so many minutes is due; its mark is in minutes.

    A mark that a clock set while it had jumped ahead does not count.
    """
    done = read(connection, mark) * 60
    return not now.timestamp() - every * 60 < done <= (now + JUMPED).timestamp()
