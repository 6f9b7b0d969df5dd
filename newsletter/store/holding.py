"""Whether sending is held since a restore."""

import sqlalchemy as sa

from newsletter.store import marks
from newsletter.store.marks import Mark


def hold(connection: sa.Connection) -> None:
    """Hold the sending of issues."""
    marks.write(connection, Mark.SENDING_HELD, 1)


def release(connection: sa.Connection) -> bool:
    """Let issues be sent again; return whether they were held."""
    held = is_held(connection)
    if held:
        marks.write(connection, Mark.SENDING_HELD, 0)
    return held


def is_held(connection: sa.Connection) -> bool:
    """Return whether the sending of issues is held."""
    return marks.read(connection, Mark.SENDING_HELD) != 0
