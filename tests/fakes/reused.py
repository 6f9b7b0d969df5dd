"""A PostgreSQL database with the complete schema, used by one test after another."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import psycopg
import sqlalchemy as sa

from tests.fakes.postgres import Postgres

MOST_BYTES = 4 * 2**20
"""How far a database may grow: deleted rows slow down what reads a whole table."""
TABLES = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
PARTITIONS = "SELECT inhrelid::regclass::text FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = 'r'"
"""Of issues: they are not part of the schema."""
SHAPE = """
    SELECT (SELECT sum(hashtext(concat(attrelid, attname, atttypid, attnotnull))) FROM pg_attribute),
           (SELECT count(*) FROM pg_constraint), (SELECT count(*) FROM pg_trigger),
           (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_db_role_setting)
"""
"""Changes when the schema does."""
DISCONNECT = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
EMPTY = """
    SET session_replication_role = replica;  -- check no foreign keys
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT oid::regclass::text FROM pg_class
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        LOOP EXECUTE 'DELETE FROM ' || name; END LOOP;
        PERFORM setval(format('%I.%I', schemaname, sequencename), start_value, false)
            FROM pg_sequences WHERE last_value IS NOT NULL;
    END $$;
"""


@dataclass(slots=True)
class Reused:
    """Hands out a copy of a template and restores it: ten times faster than another copy."""

    server: Postgres
    template: str
    _copy: ExitStack
    _restore: "_Restore | None" = None

    @contextmanager
    def database(self) -> Iterator[sa.URL]:
        """Yield the URL of a database in the state of the template, for one test at a time."""
        if self._restore is None:
            url = self._copy.enter_context(self.server.database(template=self.template))
            self._restore = self._copy.enter_context(_restore(url))
        yield self._restore.url
        if not self._restore.done():
            self._restore = None
            self._copy.close()


@contextmanager
def reused(server: Postgres, template: str) -> Iterator[Reused]:
    """Yield what hands out a copy of a template; drop the copy afterwards."""
    with ExitStack() as copy:
        yield Reused(server, template, copy)


@contextmanager
def _restore(url: sa.URL) -> Iterator["_Restore"]:
    text = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(text, autocommit=True) as connection:
        rows = {table: _read(connection, table) for (table,) in connection.execute(TABLES)}
        filled = {table: data for table, data in rows.items() if data}
        yield _Restore(url, connection, filled, _shape(connection), _size(connection))


@dataclass(frozen=True, slots=True)
class _Restore:
    """What a database contains before a test."""

    url: sa.URL
    connection: psycopg.Connection
    rows: dict[str, bytes]
    shape: object
    size: int

    def done(self) -> bool:
        """Restore the rows. Return False if the database must be replaced."""
        try:
            self.connection.execute(DISCONNECT)
            for (name,) in self.connection.execute(PARTITIONS).fetchall():
                self.connection.execute(f"DROP TABLE {name}")
            if _shape(self.connection) != self.shape:
                return False
            if _size(self.connection) > self.size + MOST_BYTES:
                return False
            self.connection.execute(EMPTY)
            for table, data in self.rows.items():
                with self.connection.cursor().copy(f"COPY {table} FROM STDIN") as copy:
                    copy.write(data)
        except psycopg.Error:  # also for a user who may not pass over foreign keys
            return False
        return True


def _read(connection: psycopg.Connection, table: str) -> bytes:
    with connection.cursor().copy(f"COPY {table} TO STDOUT") as copy:
        return b"".join(bytes(part) for part in copy)


def _shape(connection: psycopg.Connection) -> object:
    return connection.execute(SHAPE).fetchone()


def _size(connection: psycopg.Connection) -> int:
    row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(row[0])
