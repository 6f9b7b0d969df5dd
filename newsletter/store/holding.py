"""Whether sending is held: since a restore, or because the database was copied from another place."""

from enum import StrEnum

import sqlalchemy as sa

from newsletter.store import marks
from newsletter.store.database import file_number
from newsletter.store.marks import Mark


class Hold(StrEnum):
    """Why no issue is sent until a person releases it."""

    RESTORED = "restored"
    COPIED = "copied"


def hold(connection: sa.Connection) -> None:
    """Hold the sending of issues."""
    marks.write(connection, Mark.SENDING_HELD, 1)


def settle(connection: sa.Connection) -> None:
    """Note from which file issues are sent, once the first one is: a copy of it then sends none."""
    if not marks.read(connection, Mark.DATABASE_FILE) and (number := file_number(connection)):
        marks.write(connection, Mark.DATABASE_FILE, number)


def release(connection: sa.Connection) -> bool:
    """Let issues be sent again, from the file of this database; return whether they were held."""
    held = why(connection) is not None
    if held:
        marks.write(connection, Mark.SENDING_HELD, 0)
        marks.write(connection, Mark.DATABASE_FILE, file_number(connection))
    return held


def why(connection: sa.Connection) -> Hold | None:
    """Return why the sending of issues is held, None if it is not."""
    if marks.read(connection, Mark.SENDING_HELD):
        return Hold.RESTORED
    number, home = file_number(connection), marks.read(connection, Mark.DATABASE_FILE)
    return Hold.COPIED if number and home and number != home else None
