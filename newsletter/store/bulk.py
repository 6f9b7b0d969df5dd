"""Statements about thousands of rows, in which the work per row would cost more than the database's.

SQLAlchemy prepares each row in Python, and psycopg sends each row as a statement. Here all rows are
one parameter for PostgreSQL, and reach SQLite's driver without detours.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from newsletter.store.database import is_sqlite
from newsletter.store.types import UtcDateTime

Rows = Sequence[tuple[object, ...]]
"""Values in the order of the names of columns that are given with them."""
PORTION = 5_000
"""Rows that one transaction deletes: on SQLite, every other writer waits for it."""
_LISTED, _SHARED = "listed", "shared"


def among(
    connection: sa.Connection, column: sa.Column[Any], values: Collection[int] | Collection[str]
) -> sa.ColumnElement[bool]:
    """Return the condition that a column has one of these values: one parameter, however many."""
    listed = orjson.dumps(list(values)).decode()
    if is_sqlite(connection):
        found = sa.func.json_each(listed).table_valued("value")
        return column.in_(sa.select(found.c.value))
    # An array is looked up in an index. A subquery may as well be compared with the whole table.
    value = sa.func.json_array_elements_text(sa.cast(sa.literal(listed, sa.Text), sa.JSON))
    array = sa.func.array(sa.select(sa.cast(value, column.type)).scalar_subquery())
    return column == sa.any_(array)


def insert_many(
    connection: sa.Connection, table: sa.Table, names: tuple[str, ...], rows: Rows
) -> None:
    """Insert rows with values for the columns `names`; raise IntegrityError if one exists."""
    if not rows:
        return
    if is_sqlite(connection):
        _execute_each(connection, _insert_of_each(table, names), rows)
    else:
        _execute_once(connection, _insert_of_all(table, names), names, rows)


def insert_new(
    connection: sa.Connection, table: sa.Table, names: tuple[str, ...], rows: Rows
) -> set[str]:
    """Insert the rows whose id, their first value, is not known; return these ids.

    If several processes insert the same row at the same time, one of them does so. They wait for
    each other in the order of the ids, so never in a circle.
    """
    unique = {str(row[0]): row for row in rows}
    if not unique:
        return set()
    if is_sqlite(connection):
        key = table.c[names[0]]
        known = connection.scalars(sa.select(key).where(among(connection, key, unique)))
        new = unique.keys() - set(known)
        insert_many(connection, table, names, [unique[key] for key in sorted(new)])
        return new
    listed = _as_parameter(names, [unique[key] for key in sorted(unique)])
    return set(connection.scalars(_insert_of_new(table, names), listed))


def update_many(
    connection: sa.Connection,
    table: sa.Table,
    shared: tuple[str, object],
    key: str,
    values: tuple[str, ...],
    rows: Rows,
) -> None:
    """Update the columns `values` of rows; each of `rows` has them first, then the row's `key`.

    `shared` is a column that has one value in all of them: PostgreSQL finds their partition by it.
    """
    if not rows:
        return
    name, value = shared
    if is_sqlite(connection):
        each = [(*row[:-1], value, row[-1]) for row in rows]
        _execute_each(connection, _update_of_each(table, (name, key), values), each)
    else:
        statement = _update_of_all(table, name, key, values)
        _execute_once(connection, statement, (*values, key), rows, {_SHARED: value})


def delete_some(
    connection: sa.Connection, key: sa.Column[Any], *conditions: sa.ColumnElement[bool]
) -> int:
    """Delete a PORTION of the rows that meet all conditions; return how many, 0 if none are left.

    `key` names one of these rows. If it is only a part of their key, the conditions name the rest.
    """
    some = sa.select(key).where(*conditions).limit(PORTION)
    return connection.execute(key.table.delete().where(*conditions, key.in_(some))).rowcount


def _execute_once(
    connection: sa.Connection,
    statement: sa.Executable,
    names: tuple[str, ...],
    rows: Rows,
    others: Mapping[str, object] = MappingProxyType({}),
) -> None:
    connection.execute(statement, {**_as_parameter(names, rows), **others})


def _as_parameter(names: tuple[str, ...], rows: Rows) -> dict[str, str]:
    return {_LISTED: orjson.dumps([dict(zip(names, row, strict=True)) for row in rows]).decode()}


@lru_cache(maxsize=16)
def _insert_of_all(table: sa.Table, names: tuple[str, ...]) -> sa.Executable:
    return table.insert().from_select(list(names), sa.select(*_listed(table, names)))


@lru_cache(maxsize=16)
def _insert_of_new(table: sa.Table, names: tuple[str, ...]) -> sa.Executable:
    all_rows = sa.select(*_listed(table, names))
    insert = postgresql.insert(table).from_select(list(names), all_rows)
    return insert.on_conflict_do_nothing().returning(table.c[names[0]])


@lru_cache(maxsize=16)
def _update_of_all(
    table: sa.Table, shared: str, key: str, values: tuple[str, ...]
) -> sa.Executable:
    given = dict(zip((*values, key), _listed(table, (*values, key)), strict=True))
    found = (table.c[shared] == sa.bindparam(_SHARED), table.c[key] == given.pop(key))
    return table.update().where(*found).values(given)


def _listed(table: sa.Table, names: tuple[str, ...]) -> Sequence[sa.ColumnElement[Any]]:
    """Return the columns of the parameter as a table, with the types that they have in another."""
    columns = [sa.column(name, table.c[name].type) for name in names]
    listed = sa.func.json_to_recordset(sa.cast(sa.bindparam(_LISTED, type_=sa.Text), sa.JSON))
    return list(listed.table_valued(*columns).render_derived(with_types=True).c)


class _PerRow(NamedTuple):
    """A statement for each row, in the form of SQLite's driver, and which parameters are times."""

    text: str
    times: Sequence[int]


def _execute_each(connection: sa.Connection, statement: _PerRow, rows: Rows) -> None:
    if statement.times:
        columns: list[Iterable[object]] = list(zip(*rows, strict=True))
        for place in statement.times:
            columns[place] = map(_time, columns[place])
        rows = list(zip(*columns, strict=True))
    connection.exec_driver_sql(statement.text, list(rows))


@lru_cache(maxsize=16)
def _insert_of_each(table: sa.Table, names: tuple[str, ...]) -> _PerRow:
    return _for_sqlite(table.insert(), table, names)


@lru_cache(maxsize=16)
def _update_of_each(table: sa.Table, keys: tuple[str, ...], values: tuple[str, ...]) -> _PerRow:
    found = [table.c[key] == sa.bindparam(key, type_=table.c[key].type) for key in keys]
    return _for_sqlite(table.update().where(*found), table, values, keys)


def _for_sqlite(
    statement: sa.UpdateBase, table: sa.Table, written: tuple[str, ...], keys: tuple[str, ...] = ()
) -> _PerRow:
    compiled = statement.compile(dialect=sqlite.dialect(), column_keys=written)
    names = [*written, *keys]
    if compiled.positiontup != names:
        msg = f"the parameters of {compiled} are not {names}"
        raise ValueError(msg)
    times = [n for n, name in enumerate(names) if isinstance(table.c[name].type, UtcDateTime)]
    return _PerRow(str(compiled), times)


@lru_cache(maxsize=4096)
def _time(value: datetime | None) -> str | None:
    """Return a time as SQLAlchemy's type for SQLite writes it; thousands of events share one."""
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(" ", "microseconds")[: len("2026-11-23 08:00:00.000000")]
