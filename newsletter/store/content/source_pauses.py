"""The sources that staff paused: nothing is collected from them on schedule."""

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.store.database import upsert
from newsletter.store.tables import metadata
from newsletter.store.types import UtcDateTime

source_pauses = sa.Table(
    "source_pauses",
    metadata,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class SourcePause:
    """Since when, by whom and why a source is paused."""

    source: str
    at: datetime
    actor: str
    reason: str


def every(connection: sa.Connection) -> dict[str, SourcePause]:
    """Return the paused sources by key."""
    rows = connection.execute(sa.select(source_pauses)).mappings()
    return {row["source"]: SourcePause(**row) for row in rows}


def put(connection: sa.Connection, pause: SourcePause) -> bool:
    """Pause a source; return False if it is paused already."""
    statement = upsert(connection, source_pauses).values(asdict(pause))
    added = statement.on_conflict_do_nothing().returning(source_pauses.c.source)
    return connection.scalar(added) is not None


def remove(connection: sa.Connection, source: str) -> bool:
    """End a pause; return False if there is none."""
    done = connection.execute(source_pauses.delete().where(source_pauses.c.source == source))
    return done.rowcount == 1
