"""The database: SQLite on one machine, PostgreSQL for several; this module owns the differences."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from newsletter.errors import ConfigurationError

THREADS = 40
"""One connection per thread of the web server, so that no thread waits for the pool."""

KEPT = 5
ROOM = {"cache_size": -32_768, "wal_autocheckpoint": 8_192}
"""What a connection with much to write may keep in memory (KB) and in SQLite's log (pages of 4 KB)."""
BUSY_SECONDS = 30
"""How long a writer waits for another; to freeze five million recipients takes about 10 s."""
TO_SERVER = {
    "connect_timeout": 15,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 45_000,
}
"""How a client of PostgreSQL notices within a minute that the network was cut: libpq's options."""


def open_engine(url: str, *, pooled: bool = False) -> sa.Engine:
    """Open the database at `url` for writing; it connects at the first use.

    `pooled` says that the URL leads to PgBouncer, which gives each transaction another session.

    On SQLite every transaction begins IMMEDIATE. A transaction that reads first and writes later
    would otherwise fail at once with "database is locked", regardless of the timeout.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, begin="BEGIN IMMEDIATE", prepare=_for_writing)
    return _open_server(parsed, pooled=pooled)


def open_direct(url: str) -> sa.Engine:
    """Open the database server itself for what belongs to a session: one connection at most."""
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return open_engine(url)
    return _create(
        parsed, connect_args=_to_server(), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )


def open_reader(url: str, *, pooled: bool = False) -> sa.Engine:
    """Open the database at `url` for pages and reports: one snapshot per transaction, no writes.

    A reader takes no lock that a writer waits for.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, begin="BEGIN", prepare=_for_reading)
    engine = _open_server(parsed, pooled=pooled)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _create(url: sa.URL, **options: Any) -> sa.Engine:  # noqa: ANN401 - SQLAlchemy's options
    """Create an engine whose errors, which are logged, show no values: many are addresses."""
    engine = sa.create_engine(url, hide_parameters=True, **options)

    @sa.event.listens_for(engine, "handle_error")
    def shorten(context: sa.engine.ExceptionContext) -> None:
        """Keep the first line of an error; PostgreSQL quotes the values of the row after it."""
        for error in (context.original_exception, context.sqlalchemy_exception):
            if error is not None and error.args:
                first, *others = error.args
                error.args = (str(first).partition("\n")[0], *others)

    return engine


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        msg = "the database URL is invalid; expected sqlite:///PATH or postgresql://USER@HOST/NAME"
        raise ConfigurationError(msg) from error
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and ":memory:" not in parsed.database:
            return parsed.set(drivername="sqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case "sqlite":
            msg = "a database in memory is lost with its connection; expected sqlite:///PATH"
        case other:
            msg = (
                f"{other} is not supported; expected sqlite:///PATH or postgresql://USER@HOST/NAME"
            )
    raise ConfigurationError(msg)


def _open_server(url: sa.URL, *, pooled: bool) -> sa.Engine:
    engine = _create(url, connect_args=_to_server(pooled=pooled), **_pool())
    if not pooled:
        sa.event.listen(engine, "connect", _plan_for_values)
    return engine


def _plan_for_values(connection: Any, _record: object) -> None:  # noqa: ANN401 - psycopg's connection
    """Let PostgreSQL plan each execution for its values: for the partitions of its issue.

    It would otherwise plan a statement that was prepared for all partitions at its sixth execution,
    to see whether that is cheaper, and lock them all.
    """
    connection.execute("SET plan_cache_mode = force_custom_plan")
    connection.commit()


def _pool() -> dict[str, Any]:
    """Keep a few connections open and let the rest come and go with the load."""
    return {"pool_size": KEPT, "max_overflow": THREADS - KEPT, "pool_pre_ping": True}


def _to_server(*, pooled: bool = False) -> dict[str, Any]:
    """Return the options of a connection to PostgreSQL.

    A session of a pooler may be another one in the next transaction, which does not know the
    statements that this one prepared.
    """
    prepared = {"prepare_threshold": None} if pooled else {}
    return {**TO_SERVER, **prepared}


def answers(engine: sa.Engine) -> bool:
    """Return whether the server of an engine accepts a new connection; its pool is not asked.

    It takes at most as long as `connect_timeout`: nothing is asked of the server afterwards.
    """
    positional, named = engine.dialect.create_connect_args(engine.url)
    try:
        engine.dialect.connect(*positional, **{**named, **_to_server()}).close()
    except engine.dialect.loaded_dbapi.Error:
        return False
    return True


def is_silence(error: sa.exc.SQLAlchemyError) -> bool:
    """Return whether PostgreSQL gave no answer at all: not even that it refuses a connection."""
    if not isinstance(error, sa.exc.DBAPIError):
        return True  # every connection of the pool waits for an answer
    # By its name: the driver is only installed where PostgreSQL is used.
    return type(error.orig).__name__ == "ConnectionTimeout"


def _open_sqlite(
    url: sa.URL, *, begin: str, prepare: Callable[[sqlite3.Connection], None]
) -> sa.Engine:
    # QueuePool is the default for files. It is set because `check_same_thread=False` is safe only
    # if a connection belongs to one thread at a time.
    engine = _create(
        url,
        poolclass=sa.QueuePool,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        pool_size=KEPT,
        max_overflow=THREADS - KEPT,
    )

    @sa.event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # no implicit BEGIN: `start` begins
        prepare(connection)

    @sa.event.listens_for(engine, "begin")
    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _for_writing(connection: sqlite3.Connection) -> None:
    """Make every commit reach the disk.

    With synchronous=NORMAL a power cut can undo the last commits, including the claim of a batch:
    its recipients would get the email twice.
    """
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous=FULL").close()
    connection.execute("PRAGMA foreign_keys=ON").close()
    # Overwrite deleted and moved rows, so that an erased address cannot be read from free pages.
    # It must be on from the start: pages are split long before a person is erased.
    connection.execute("PRAGMA secure_delete=ON").close()


def _for_reading(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA query_only=ON").close()


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log; SQLite's timeout does not apply to this lock."""
    for _ in range(BUSY_SECONDS * 20):
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(0.05)
        else:
            return
    msg = "another program has locked the database for too long"
    raise sqlite3.OperationalError(msg)


def is_sqlite(bound: sa.Engine | sa.Connection) -> bool:
    """Return whether this is SQLite; the only other database is PostgreSQL."""
    return bound.dialect.name == "sqlite"


def sqlite_path(engine: sa.Engine) -> Path | None:
    """Return the file of a SQLite database, None on PostgreSQL."""
    return Path(str(engine.url.database)) if is_sqlite(engine) else None


def insert_ignoring_conflicts(
    connection: sa.Connection, table: sa.Table, values: dict[str, Any], key: list[sa.Column[Any]]
) -> int | None:
    """Insert a row and return its id; return None if a row with the same unique key exists.

    A plain INSERT would break the transaction on PostgreSQL.
    """
    statement = upsert(connection, table).values(values)
    inserted: int | None = connection.scalar(
        statement.on_conflict_do_nothing(index_elements=key).returning(table.c.id)
    )
    return inserted


def upsert(connection: sa.Connection, table: sa.Table) -> Any:  # noqa: ANN401 - two dialects' Insert
    """Return the INSERT of this database that knows ON CONFLICT."""
    return dialect_insert(connection.dialect.name)(table)


def dialect_insert(dialect: str) -> Callable[[sa.Table], Any]:
    """Return the function that builds an INSERT with ON CONFLICT for a dialect, by name."""
    return sqlite.insert if dialect == "sqlite" else postgresql.insert


def for_each_dialect(
    build: Callable[[Callable[[sa.Table], Any]], sa.Executable],
) -> dict[str, sa.Executable]:
    """Build a statement once for every dialect, for statements that are too slow to build often."""
    return {name: build(dialect_insert(name)) for name in ("sqlite", "postgresql")}


def hours_since_1970(connection: sa.Connection, moment: sa.Column[Any]) -> sa.ColumnElement[int]:
    """Return the hour in which a moment is, as a number."""
    if is_sqlite(connection):
        seconds = sa.cast(sa.func.strftime("%s", moment), sa.Integer)
    else:
        seconds = sa.cast(sa.func.floor(sa.extract("epoch", moment)), sa.Integer)
    return sa.cast(sa.func.floor(seconds / 3600), sa.Integer)


def temporary(name: str, columns: Sequence[sa.Column[Any]]) -> sa.Table:
    """Return a table that only this connection sees; create and drop it in one transaction."""
    return sa.Table(name, sa.MetaData(), *columns, prefixes=["TEMPORARY"])


def analyze(connection: sa.Connection, table: sa.Table) -> None:
    """Tell PostgreSQL the size of a new table: it guesses too low and joins row by row."""
    if not is_sqlite(connection):
        connection.exec_driver_sql(f"ANALYZE {table.name}")


def truncate_log(engine: sa.Engine) -> None:
    """Fold SQLite's write-ahead log into the file: it still holds deleted pages."""
    if not is_sqlite(engine):
        return
    borrowed = engine.raw_connection()
    try:
        borrowed.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        borrowed.close()


@contextmanager
def roomy(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Yield a connection for many transactions that write all over a large table.

    SQLite keeps 2 MB of pages, and copies its log into the file whenever it has 4 MB: it reads and
    writes the same pages several times. Here both may have ROOM.
    """
    with engine.connect() as connection:
        if not is_sqlite(connection):
            yield connection
            return
        # Not through SQLAlchemy, which would begin a transaction.
        driver: Any = connection.connection.driver_connection
        usual = {name: driver.execute(f"PRAGMA {name}").fetchone()[0] for name in ROOM}
        _set(driver, ROOM)
        try:
            yield connection
        finally:
            if not connection.invalidated:
                _set(driver, usual)


def _set(driver: Any, pragmas: Mapping[str, int]) -> None:  # noqa: ANN401 - SQLite's own connection
    for name, value in pragmas.items():
        driver.execute(f"PRAGMA {name}={value}").close()


@contextmanager
def snapshot(engine: sa.Engine) -> Iterator[sa.Connection]:
    """Open a transaction in which every statement sees the same rows; SQLite's always do."""
    with engine.connect() as connection:
        if not is_sqlite(connection):
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


def is_busy(error: sa.exc.DBAPIError) -> bool:
    """Return whether another program kept SQLite locked for as long as a writer waits."""
    code = getattr(error.orig, "sqlite_errorcode", None)
    # The low byte is the kind of error; the rest says in more detail who is in the way.
    return isinstance(code, int) and code & 0xFF in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def is_lock_timeout(error: sa.exc.OperationalError) -> bool:
    """Return whether other transactions kept a lock for longer than this one was to wait."""
    return getattr(error.orig, "sqlstate", "") == "55P03"


def is_serialization_failure(error: sa.exc.OperationalError) -> bool:
    """Return whether another transaction changed a row that a snapshot waited for."""
    return getattr(error.orig, "sqlstate", "") == "40001"


def is_deadlock(error: sa.exc.OperationalError) -> bool:
    """Return whether PostgreSQL ended a transaction because it and another waited for each other."""
    return getattr(error.orig, "sqlstate", "") == "40P01"
