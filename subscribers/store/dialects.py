"""What differs between SQLite and PostgreSQL. No other module here asks which one it is."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from typing_extensions import override

_JOURNAL = 0x6A6F75726E616C  # "journal"; any other number would do


class UtcTimestamp(sa.types.TypeDecorator[datetime]):
    """An aware UTC time. SQLite stores naive UTC text, which sorts by time."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "a naive time reached the database; pass aware UTC"
            raise ValueError(msg)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    @override
    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Bytewise(FunctionElement[str]):
    """A text that is compared by its bytes, so that an index finds how it begins."""

    inherit_cache = True
    type = sa.Text()


@compiles(Bytewise)
def _as_it_is(text: Bytewise, compiler: SQLCompiler, **options: object) -> str:
    """SQLite compares by bytes."""
    return compiler.process(text.clauses, **options)


@compiles(Bytewise, "postgresql")
def _in_c(text: Bytewise, compiler: SQLCompiler, **options: object) -> str:
    """PostgreSQL compares by a language, unless told not to."""
    return f'({compiler.process(text.clauses, **options)} COLLATE "C")'


class WithoutTag(FunctionElement[str]):
    """An address key up to its first + and from its @ on; only for keys that contain a +."""

    inherit_cache = True
    type = sa.Text()


@compiles(WithoutTag)
def _cut_by_instr(key: WithoutTag, compiler: SQLCompiler, **options: object) -> str:
    text = compiler.process(key.clauses, **options)
    return f"substr({text}, 1, instr({text}, '+') - 1) || substr({text}, instr({text}, '@'))"


@compiles(WithoutTag, "postgresql")
def _cut_by_split_part(key: WithoutTag, compiler: SQLCompiler, **options: object) -> str:
    text = compiler.process(key.clauses, **options)
    return f"(split_part({text}, '+', 1) || '@' || split_part({text}, '@', 2))"


def is_one_of(
    connection: sa.Connection,
    column: sa.ColumnElement[Any],
    values: Collection[int] | Collection[str],
) -> sa.ColumnElement[bool]:
    """Return the condition that a column has one of these values: one parameter, however many.

    An import asks for thousands at a time, and each parameter costs SQLAlchemy and PostgreSQL time.
    """
    if is_sqlite(connection):
        listed = sa.func.json_each(orjson.dumps(list(values)).decode()).table_valued("value")
        return column.in_(sa.select(listed.c.value))
    return column == sa.any_(sa.cast(list(values), ARRAY(column.type)))


def add_missing(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]
) -> int:
    """Insert the rows whose unique keys are free, also under concurrency; return their number."""
    insert = insert_sqlite if is_sqlite(connection) else insert_postgresql
    added = 0
    for row in rows:
        statement = insert(table).values(dict(row)).on_conflict_do_nothing()
        added += connection.execute(statement).rowcount
    return added


def bulk_insert(
    connection: sa.Connection, columns: Sequence[sa.Column[Any]], rows: Iterable[Sequence[object]]
) -> None:
    """Insert `rows` in the current transaction; an existing row is an error.

    COPY on PostgreSQL, one prepared statement on SQLite. Both are several times as fast as an
    INSERT that SQLAlchemy compiles.
    """
    table = columns[0].table
    preparer = connection.dialect.identifier_preparer
    names = ", ".join(preparer.quote(column.name) for column in columns)
    bound = _bound(connection.dialect, columns, rows)
    driver = cast("Any", connection.connection.driver_connection)
    if is_sqlite(connection):
        marks = ", ".join("?" * len(columns))
        driver.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", bound).close()  # noqa: S608 - our own names
        return
    with (
        keys_planned_once(connection),
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy,
    ):
        for row in bound:
            copy.write_row(row)


@contextmanager
def keys_planned_once(connection: sa.Connection) -> Iterator[None]:
    """Let PostgreSQL keep the plans by which it checks foreign keys, which it does for every row.

    A connection that plans each execution for its values would plan these checks as often.
    """
    if is_sqlite(connection):
        yield
        return
    mode = connection.exec_driver_sql("SHOW plan_cache_mode").scalar_one()
    connection.exec_driver_sql("SET LOCAL plan_cache_mode = auto")
    yield
    connection.exec_driver_sql(f"SET LOCAL plan_cache_mode = {mode}")


def runs_elsewhere(engine: sa.Engine) -> bool:
    """Return whether another process runs the statements, so that this one can do other work."""
    return engine.dialect.name != "sqlite"


def reserve_ids(connection: sa.Connection, table: sa.Table, count: int) -> Sequence[int]:
    """Reserve `count` IDs of a table that never reuses one."""
    if not count:
        return ()
    if is_sqlite(connection):
        # AUTOINCREMENT keeps the highest ID ever used here, also after its row was deleted.
        query = sa.text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        highest = connection.scalar(query, {"name": table.name}) or 0
        return range(highest + 1, highest + 1 + count)
    numbers = sa.func.generate_series(1, count).table_valued("n")
    chosen = sa.select(sa.func.nextval(f"{table.name}_id_seq")).select_from(numbers)
    return connection.scalars(chosen).all()


def lock_table(connection: sa.Connection, table: sa.Table) -> None:
    """Stop others from adding rows until the commit. On SQLite, BEGIN IMMEDIATE has done so."""
    if not is_sqlite(connection):
        connection.execute(sa.text(f"LOCK TABLE {table.name} IN SHARE ROW EXCLUSIVE MODE"))


def share_journal(connection: sa.Connection) -> None:
    """Let `await_journal` of another connection wait until this transaction is over."""
    if not is_sqlite(connection):
        connection.execute(sa.text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _JOURNAL})


def await_journal(connection: sa.Connection) -> None:
    """Wait until the transactions are over that have called `share_journal`.

    On SQLite, BEGIN IMMEDIATE has done so: there is one writer at a time.
    """
    if not is_sqlite(connection):
        connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _JOURNAL})


def overwrite_deleted(connection: sa.Connection) -> None:
    """Overwrite deleted rows with zeros.

    SQLite otherwise leaves their bytes in free pages. PostgreSQL has no such switch: VACUUM reuses
    the space.
    """
    if is_sqlite(connection):
        connection.exec_driver_sql("PRAGMA secure_delete=ON")


def domain(connection: sa.Connection, address_key: sa.ColumnElement[str]) -> sa.Function[str]:
    """Return the part of an address key after its only @."""
    if is_sqlite(connection):
        return sa.func.substr(address_key, sa.func.instr(address_key, "@") + 1)
    return sa.func.split_part(address_key, "@", 2)


def month_of(connection: sa.Connection, at: sa.ColumnElement[datetime]) -> sa.Function[str]:
    """Return the month of a time in UTC, such as 2026-11."""
    if is_sqlite(connection):
        return sa.func.substr(sa.cast(at, sa.Text), 1, len("2026-11"))
    return sa.func.to_char(sa.func.timezone("UTC", at), "YYYY-MM")


def is_sqlite(connection: sa.Connection) -> bool:
    """Return whether this is SQLite; the only other database is PostgreSQL."""
    return connection.dialect.name == "sqlite"


def _bound(
    dialect: sa.Dialect, columns: Sequence[sa.Column[Any]], rows: Iterable[Sequence[object]]
) -> Iterable[Sequence[object]]:
    """Convert values to what the driver takes, as SQLAlchemy would."""
    converters = [
        (position, convert)
        for position, column in enumerate(columns)
        if (convert := _converter(dialect, column)) is not None
    ]
    if not converters:
        return rows
    return (_converted(row, converters) for row in rows)


def _converter(dialect: sa.Dialect, column: sa.Column[Any]) -> Callable[[Any], object] | None:
    """Return SQLAlchemy's conversion for a column; what repeats is remembered.

    COPY takes text, which the driver would make of each time and each JSON value again.
    """
    convert = column.type.dialect_impl(dialect).bind_processor(dialect)
    if convert is not None and isinstance(column.type, UtcTimestamp):
        return lru_cache(maxsize=4096)(lambda time: _as_text(convert(time)))
    if isinstance(column.type, sa.JSON):
        return lambda value: "{}" if value == {} else json.dumps(value)
    return convert


def _as_text(value: object) -> object:
    return value if value is None else str(value)


def _converted(
    row: Sequence[object], converters: Sequence[tuple[int, Callable[[Any], object]]]
) -> Sequence[object]:
    values = list(row)
    for position, convert in converters:
        values[position] = convert(values[position])
    return values
