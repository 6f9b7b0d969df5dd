"""Who has the page "Edit" of an issue open, as every process of the desk sees it."""

from datetime import datetime

import sqlalchemy as sa

from newsletter.store.database import upsert
from newsletter.store.desk.tables import edit_presences as table


def note(connection: sa.Connection, issue_id: int, name: str, now: datetime) -> None:
    """Note that someone has the page open now."""
    added = upsert(connection, table).values(issue_id=issue_id, name=name, at=now)
    connection.execute(
        added.on_conflict_do_update(index_elements=["issue_id", "name"], set_={"at": now})
    )


def others(connection: sa.Connection, issue_id: int, name: str, since: datetime) -> tuple[str, ...]:
    """Return the names of the others who have had the page open since then."""
    query = sa.select(table.c.name).where(
        table.c.issue_id == issue_id, table.c.name != name, table.c.at > since
    )
    return tuple(connection.scalars(query.order_by(table.c.name)))


def forget(connection: sa.Connection, before: datetime) -> None:
    """Delete the rows that no longer count."""
    connection.execute(table.delete().where(table.c.at <= before))
