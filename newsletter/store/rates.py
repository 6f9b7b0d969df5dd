"""The rate that all processes share: one row per provider, one moment at which it is free."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert_postgresql
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite

from newsletter.store.tables import rates

_FREE_AT = (
    sa.select(rates.c.free_at).where(rates.c.name == sa.bindparam("of_name")).with_for_update()
)


def free_at(connection: sa.Connection, name: str) -> datetime | None:
    """Return when `name` may be used next; holds the row until the transaction ends."""
    moment = connection.scalar(_FREE_AT, {"of_name": name})
    return None if moment is None else datetime.fromtimestamp(moment, UTC)


def spend(connection: sa.Connection, name: str, seconds: float, *, now: datetime) -> None:
    """Keep `name` busy for `seconds` from now, or from when it will be free (GCRA)."""
    free = free_at(connection, name)
    begin = max(now, free) if free else now
    _set(connection, name, begin + timedelta(seconds=seconds))


def hold(connection: sa.Connection, name: str, until: datetime) -> None:
    """Keep `name` busy at least until then: the provider asked for it."""
    free = free_at(connection, name)
    if free is None or free < until:
        _set(connection, name, until)


def _set(connection: sa.Connection, name: str, moment: datetime) -> None:
    upsert = upsert_sqlite if connection.dialect.name == "sqlite" else upsert_postgresql
    statement = upsert(rates).values(name=name, free_at=moment.timestamp())
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[rates.c.name], set_={"free_at": statement.excluded.free_at}
        )
    )
