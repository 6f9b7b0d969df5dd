"""How far something was read: a number by name."""

from datetime import datetime

import sqlalchemy as sa

from newsletter.model.clock import JUMPED
from newsletter.store.database import upsert
from newsletter.store.tables import marks


def read(connection: sa.Connection, name: str) -> int:
    """Return a mark; 0 when it was never set."""
    return int(connection.scalar(sa.select(marks.c.at).where(marks.c.name == name)) or 0)


def write(connection: sa.Connection, name: str, at: int) -> None:
    """Set a mark."""
    statement = upsert(connection, marks).values(name=name, at=at)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[marks.c.name], set_={"at": at})
    )


def move(connection: sa.Connection, name: str, at: int) -> bool:
    """Set a mark; return False if it was there already. Of several processes, one gets True."""
    statement = upsert(connection, marks).values(name=name, at=at)
    moved = statement.on_conflict_do_update(
        index_elements=[marks.c.name], set_={"at": at}, where=marks.c.at != at
    )
    return connection.scalar(moved.returning(marks.c.name)) is not None


def is_due(connection: sa.Connection, name: str, now: datetime, every: int) -> bool:
    """Return whether what is to be done every so many minutes is due; its mark is in minutes.

    A mark that a clock set while it had jumped ahead does not count.
    """
    done = read(connection, name) * 60
    return not now.timestamp() - every * 60 < done <= (now + JUMPED).timestamp()
