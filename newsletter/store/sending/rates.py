"""The rate that all processes share: one row per provider, one moment at which it is free."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as upsert_postgresql
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite

from newsletter.store.tables import rates


def spend(connection: sa.Connection, name: str, seconds: float, *, now: datetime) -> None:
    """Keep `name` busy for `seconds` from now, or from when it will be free (GCRA)."""
    _keep_busy(connection, name, now, seconds)


def hold(connection: sa.Connection, name: str, until: datetime) -> None:
    """Keep `name` busy at least until then: the provider asked for it."""
    _keep_busy(connection, name, until, 0.0)


def _keep_busy(connection: sa.Connection, name: str, at_least: datetime, seconds: float) -> None:
    begin = at_least.timestamp()
    asked = {"of_name": name, "begin": begin, "free": begin + seconds, "more": seconds}
    connection.execute(_BUSY[connection.dialect.name], asked)


def _busy(upsert: Callable[[sa.Table], Any]) -> sa.Executable:
    """Return the statement that reads and writes in one step, also where there is no row yet.

    Two who read first would each write what the other does not know of.
    """
    begin = sa.bindparam("begin", type_=sa.Float)
    later = sa.case((rates.c.free_at > begin, rates.c.free_at), else_=begin)
    new = upsert(rates).values(name=sa.bindparam("of_name"), free_at=sa.bindparam("free"))
    statement: sa.Executable = new.on_conflict_do_update(
        index_elements=[rates.c.name],
        set_={"free_at": later + sa.bindparam("more", type_=sa.Float)},
    )
    return statement


_BUSY = {"sqlite": _busy(upsert_sqlite), "postgresql": _busy(upsert_postgresql)}
