"""How far something was read: a number by name."""

import sqlalchemy as sa

from newsletter.store.tables import marks


def read(connection: sa.Connection, name: str) -> int:
    """Return a mark; 0 when it was never set."""
    return int(connection.scalar(sa.select(marks.c.at).where(marks.c.name == name)) or 0)


def write(connection: sa.Connection, name: str, at: int) -> None:
    """Set a mark."""
    changed = connection.execute(marks.update().where(marks.c.name == name).values(at=at))
    if changed.rowcount == 0:
        connection.execute(marks.insert().values(name=name, at=at))
