"""The rate that all processes share: one row per provider with the time when it is free."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.store.database import for_each_dialect, upsert
from newsletter.store.tables import rates

SKEW = timedelta(minutes=5)
"""How far the clocks of two hosts may differ."""


def spend(connection: sa.Connection, name: str, seconds: float, *, now: datetime) -> None:
    """Keep `name` busy for `seconds` from now, or from when it will be free (GCRA)."""
    _keep_busy(connection, name, now, seconds, now)


def take(connection: sa.Connection, name: str, seconds: float, *, now: datetime) -> bool:
    """Keep `name` busy for `seconds` if it is free now; return whether it was."""
    moment = now.timestamp()
    busy = {"free_at": moment + seconds, "set_at": moment}
    free = rates.update().where(rates.c.name == name, rates.c.free_at <= moment)
    if connection.execute(free.values(busy)).rowcount:
        return True
    new = upsert(connection, rates).values(name=name, **busy).on_conflict_do_nothing()
    return connection.scalar(new.returning(rates.c.name)) is not None


def free_at(connection: sa.Connection, names: Sequence[str]) -> dict[str, datetime]:
    """Return when each of these is free, if it was ever busy."""
    if not names:
        return {}
    query = sa.select(rates.c.name, rates.c.free_at).where(rates.c.name.in_(names))
    return {name: datetime.fromtimestamp(at, UTC) for name, at in connection.execute(query)}


def hold(connection: sa.Connection, name: str, until: datetime, *, now: datetime) -> None:
    """Keep `name` busy at least until then, because the provider asked for it."""
    _keep_busy(connection, name, until, 0.0, now)


def any_ahead(connection: sa.Connection, now: datetime) -> bool:
    """Return whether a wait was set in the future, by a clock that jumped."""
    query = sa.select(sa.literal(1)).where(_set_ahead(now))
    return connection.scalar(query.limit(1)) is not None


def forget_future(connection: sa.Connection, now: datetime) -> list[str]:
    """Free the providers whose wait was set in the future, by a clock that jumped; return them."""
    statement = rates.delete().where(_set_ahead(now))
    return list(connection.scalars(statement.returning(rates.c.name)))


def _set_ahead(now: datetime) -> sa.ColumnElement[bool]:
    return rates.c.set_at > (now + SKEW).timestamp()


def _keep_busy(
    connection: sa.Connection, name: str, at_least: datetime, seconds: float, now: datetime
) -> None:
    begin = at_least.timestamp()
    asked = {
        "of_name": name,
        "begin": begin,
        "free": begin + seconds,
        "more": seconds,
        "set": now.timestamp(),
    }
    connection.execute(_BUSY[connection.dialect.name], asked)


def _busy(insert: Callable[[sa.Table], Any]) -> sa.Executable:
    """Return the statement that reads and writes in one step, with or without a row.

    Two processes that read first and wrote later would overwrite each other.
    """
    begin = sa.bindparam("begin", type_=sa.Float)
    later = sa.case((rates.c.free_at > begin, rates.c.free_at), else_=begin)
    new = insert(rates).values(
        name=sa.bindparam("of_name"), free_at=sa.bindparam("free"), set_at=sa.bindparam("set")
    )
    statement: sa.Executable = new.on_conflict_do_update(
        index_elements=[rates.c.name],
        set_={
            "free_at": later + sa.bindparam("more", type_=sa.Float),
            "set_at": new.excluded.set_at,
        },
    )
    return statement


_BUSY = for_each_dialect(_busy)
