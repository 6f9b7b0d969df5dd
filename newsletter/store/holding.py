"""Whether sending is held since a restore."""

import sqlalchemy as sa

from newsletter.store import marks

HELD = "sending held"
"""The mark that a restored database has until a person has looked at it: 1 while it is held."""


def hold(connection: sa.Connection) -> None:
    """Hold the sending of issues."""
    marks.write(connection, HELD, 1)


def release(connection: sa.Connection) -> bool:
    """Let issues be sent again; return whether they were held."""
    held = is_held(connection)
    if held:
        marks.write(connection, HELD, 0)
    return held


def is_held(connection: sa.Connection) -> bool:
    """Return whether the sending of issues is held."""
    return marks.read(connection, HELD) != 0
