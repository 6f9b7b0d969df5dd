"""Statements about thousands of rows, in which SQLAlchemy's work per row would cost more than SQLite's."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.postgresql import ARRAY

from newsletter.store.database import is_sqlite


def among(
    connection: sa.Connection, column: sa.Column[Any], values: Collection[int] | Collection[str]
) -> sa.ColumnElement[bool]:
    """Return the condition that a column has one of these values: one parameter, however many."""
    if is_sqlite(connection):
        listed = sa.func.json_each(orjson.dumps(list(values)).decode()).table_valued("value")
        return column.in_(sa.select(listed.c.value))
    return column == sa.any_(sa.cast(list(values), ARRAY(column.type)))


def execute_many(
    connection: sa.Connection, statement: sa.UpdateBase, rows: Sequence[dict[str, object]]
) -> None:
    """Execute an INSERT or UPDATE once for each row. Every row has the same keys."""
    if not rows:
        return
    if not is_sqlite(connection):
        connection.execute(statement, rows)
        return
    text, names, times = _for_sqlite(statement, tuple(rows[0]))
    if times:
        stored = ({name: _time(row[name]) for name in times} for row in rows)
        rows = [{**row, **changed} for row, changed in zip(rows, stored, strict=True)]
    connection.exec_driver_sql(text, list(map(itemgetter(*names), rows)))


@lru_cache(maxsize=32)
def _for_sqlite(
    statement: sa.UpdateBase, keys: tuple[str, ...]
) -> tuple[str, list[str], list[str]]:
    """Return the SQL of a statement, its parameters in order, and those of them that are times."""
    compiled = statement.compile(dialect=sqlite.dialect(), column_keys=list(keys))
    names = list(compiled.positiontup or ())
    times = [name for name in names if compiled.binds[name].type.python_type is datetime]
    return str(compiled), names, times


def _time(value: object) -> object:
    """Return a time as SQLAlchemy's type for SQLite writes it."""
    if not isinstance(value, datetime):
        return value
    return value.astimezone(UTC).isoformat(" ", "microseconds")[: len("2026-11-23 08:00:00.000000")]
