"""Open the database: SQLite on one machine, PostgreSQL for several."""

import sqlite3
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
        return _open_sqlite(parsed, begin="BEGIN IMMEDIATE", pragmas=_WRITER)
    return sa.create_engine(parsed, **_pool(), pool_pre_ping=True)


def open_reader(url: str) -> sa.Engine:
    """Open the database at `url` for pages and reports: one snapshot per transaction, no writes.

    A reader takes no lock that a writer waits for.
    """
    parsed = _parse(url)
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(parsed, begin="BEGIN", pragmas=_READER)
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


# synchronous=FULL: a commit is on the disk when it returns. Under NORMAL a power cut can take back
# the last commits, and with them the note that a batch was about to be submitted: its recipients
# would get it twice. docs/decisions/ has the price.
_WRITER = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
_READER = ("query_only=ON",)


def _open_sqlite(url: sa.URL, *, begin: str, pragmas: tuple[str, ...]) -> sa.Engine:
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
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}").close()

    @sa.event.listens_for(engine, "begin")
    def start(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
