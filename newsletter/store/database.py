"""Open the database: SQLite on one machine, PostgreSQL for several."""

import sqlite3
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from newsletter.errors import ConfigurationError

THREADS = 40
"""As many connections as the web server has threads, so that no thread waits for the pool."""

KEPT = 5
BUSY_SECONDS = 30
"""How long a writer waits for another one; freezing five million recipients takes about ten."""


def open_engine(url: str) -> sa.Engine:
    """Open the database at `url` for writing; nothing is connected before the first use.

    On SQLite every transaction begins IMMEDIATE: one that reads first and writes later would
    otherwise fail with "database is locked", at once and whatever the timeout.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, begin="BEGIN IMMEDIATE", prepare=_for_writing)
    return sa.create_engine(parsed, **_pool(), pool_pre_ping=True)


def open_reader(url: str) -> sa.Engine:
    """Open the database at `url` for pages and reports: one snapshot per transaction, no writes.

    A reader takes no lock that a writer waits for.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, begin="BEGIN", prepare=_for_reading)
    engine = sa.create_engine(parsed, **_pool(), pool_pre_ping=True)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _parse(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        msg = "the database URL is not one; expected sqlite:///PATH or postgresql://USER@HOST/NAME"
        raise ConfigurationError(msg) from error
    match parsed.get_backend_name():
        case "sqlite" if parsed.database and ":memory:" not in parsed.database:
            return parsed.set(drivername="sqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+psycopg")
        case "sqlite":
            msg = "a database in memory ends with its connection; expected sqlite:///PATH"
        case other:
            msg = (
                f"{other} is not supported; expected sqlite:///PATH or postgresql://USER@HOST/NAME"
            )
    raise ConfigurationError(msg)


def _pool() -> dict[str, Any]:
    """Keep a few connections open and let the rest come and go with the load."""
    return {"pool_size": KEPT, "max_overflow": THREADS - KEPT}


def _open_sqlite(
    url: sa.URL, *, begin: str, prepare: Callable[[sqlite3.Connection], None]
) -> sa.Engine:
    # A queue of connections is the default for files; it is named because everything here depends
    # on a connection belonging to one thread at a time.
    engine = sa.create_engine(
        url,
        poolclass=sa.QueuePool,
        connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        **_pool(),
    )

    @sa.event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # sqlite3 begins nothing by itself; `start` does
        prepare(connection)

    @sa.event.listens_for(engine, "begin")
    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _for_writing(connection: sqlite3.Connection) -> None:
    """Make a commit mean: on the disk.

    Under synchronous=NORMAL a power cut can take back the last commits, and with them the note
    that a batch was about to be submitted: its recipients would get it twice.
    """
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous=FULL").close()
    connection.execute("PRAGMA foreign_keys=ON").close()
    # What is deleted or moved is overwritten, always: pages split long before somebody is erased,
    # and what a page held before would stay readable in the file.
    connection.execute("PRAGMA secure_delete=ON").close()


def _for_reading(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA query_only=ON").close()


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch the file to its write-ahead log; the only lock that SQLite does not wait for."""
    for _ in range(BUSY_SECONDS * 20):
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            time.sleep(0.05)
        else:
            return
    msg = "another program has had the database locked for too long"
    raise sqlite3.OperationalError(msg)
