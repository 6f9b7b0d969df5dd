"""The schema's history; `upgrade` brings a database of any age to the present."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from newsletter.errors import NotAllowed
from newsletter.store import tables as newsletter_tables
from subscribers.store import tables as subscriber_tables

METADATA = [newsletter_tables.metadata, subscriber_tables.metadata]

LOCK = 7_204_911_835
"""The key under which nodes that start together queue on PostgreSQL; any fixed number does."""


def upgrade(engine: sa.Engine) -> None:
    """Apply every revision that `engine`'s database lacks, all of them or none.

    Harmless to repeat, and from several processes at once: they queue and find nothing to do.
    Raise NotAllowed when a newer version of the program has been at work here.
    """
    with engine.connect() as connection:
        _foreign_keys(connection, "OFF")
        try:
            with connection.begin():
                _queue(connection)
                _refuse_newer(connection)
                command.upgrade(configuration(connection), "head")
                _check_foreign_keys(connection)
        finally:
            _foreign_keys(connection, "ON")


def revision(engine: sa.Engine) -> str | None:
    """Return the revision of `engine`'s database; None while it is empty."""
    with engine.connect() as connection:
        return _revision(connection)


def head() -> str | None:
    """Return the newest revision that this version of the program knows."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def known() -> set[str]:
    """Return every revision that this version of the program knows."""
    scripts = ScriptDirectory.from_config(configuration()).walk_revisions()
    return {script.revision for script in scripts}


def configuration(connection: sa.Connection | None = None) -> Config:
    """Return Alembic's configuration; there is no alembic.ini, so that a wheel needs no paths."""
    config = Config(attributes={"connection": connection})
    location = str(Path(__file__).parent).replace("%", "%%")
    config.set_main_option("script_location", location)
    config.set_main_option("path_separator", "newline")
    return config


def _refuse_newer(connection: sa.Connection) -> None:
    found = _revision(connection)
    if found and found not in known():
        msg = (
            f"the database has revision {found}, which this version does not know: a newer one"
            " made it; install that one, or restore the backup from before"
        )
        raise NotAllowed(msg)


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _queue(connection: sa.Connection) -> None:
    """Wait for other nodes; on SQLite BEGIN IMMEDIATE has done so."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))


def _foreign_keys(connection: sa.Connection, state: str) -> None:
    """Switch SQLite's checks while tables are rebuilt; it only listens outside a transaction."""
    driver = connection.connection.driver_connection
    if connection.dialect.name == "sqlite" and driver is not None:
        driver.execute(f"PRAGMA foreign_keys={state}").close()


def _check_foreign_keys(connection: sa.Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        msg = f"the migration would leave {len(broken)} rows that refer to nothing: {broken[:3]}"
        raise RuntimeError(msg)
