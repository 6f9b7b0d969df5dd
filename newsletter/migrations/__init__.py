"""The schema's migrations. `upgrade` brings a database of any version up to date.

Alembic is imported only to upgrade: every command asks for the revision.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.store import engagement_tables, pass_tables, vacuuming
from newsletter.store.content import planning_tables, review_tables, source_pauses
from newsletter.store.counting import tables as counting_tables
from newsletter.store.desk import tables as desk_tables
from newsletter.store.people import question_tables
from subscribers.store import tables as subscriber_tables

if TYPE_CHECKING:
    from alembic.config import Config

# Several modules define tables in one metadata: each must be imported.
METADATA = [
    *{
        engagement_tables.engagements.metadata,
        counting_tables.tallies.metadata,
        desk_tables.staff.metadata,
        question_tables.still_wanted.metadata,
        pass_tables.passes.metadata,
        *(table.metadata for table in vacuuming.SETTINGS),
        source_pauses.source_pauses.metadata,
        planning_tables.newsletter_pauses.metadata,
        review_tables.waivers.metadata,
    },
    subscriber_tables.metadata,
]

VERSIONS = sa.table("alembic_version", sa.column("version_num", sa.String))
"""The table in which Alembic keeps the revision of a database."""
MOVING, ARRIVED, MOVED = "moving", "arrived", "moved"
"""Kept instead of a revision while the database may not be used: rows are moved into it, all of them
have arrived, or they were moved to another one."""
LOCK = 7_204_911_835
"""The advisory lock for nodes that start at the same time on PostgreSQL. Any fixed number works."""


def upgrade(engine: sa.Engine) -> None:
    """Apply all migrations that the database lacks, in one transaction.

    Repeated and concurrent calls are safe: they wait for each other and find nothing to do.
    Raises NotAllowed if a newer version of the program has upgraded the database.
    """
    from alembic import command

    with engine.connect() as connection:
        # SQLite changes a table by rebuilding it, which foreign keys to it would forbid.
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
    """Return the revision of the database, or None if it is empty."""
    with engine.connect() as connection:
        return _revision(connection)


def head() -> str | None:
    """Return the newest revision that this version of the program knows."""
    return max(known(), default=None)


def set_revision(connection: sa.Connection, word: str | None) -> None:
    """Keep another word as the revision: any but a known one closes the database."""
    connection.execute(sa.update(VERSIONS).values(version_num=word))


def known() -> set[str]:
    """Return every revision that this version of the program knows."""
    scripts = (Path(__file__).parent / "versions").glob("[0-9]*_*.py")
    return {script.name.partition("_")[0] for script in scripts}


def configuration(connection: sa.Connection | None = None) -> Config:
    """Return Alembic's configuration. There is no alembic.ini, because a wheel has no fixed path."""
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    location = str(Path(__file__).parent).replace("%", "%%")
    config.set_main_option("script_location", location)
    config.set_main_option("path_separator", "newline")
    return config


def _refuse_newer(connection: sa.Connection) -> None:
    found = _revision(connection)
    if found == MOVED:
        msg = "the database was moved; set NEWSLETTER_DATABASE_URL in .env to where it is now"
        raise NotAllowed(msg)
    if found in {MOVING, ARRIVED}:
        msg = "a move into this database was interrupted; repeat it to complete it"
        raise NotAllowed(msg)
    if found and found not in known():
        msg = (
            f"the database has revision {found}, which this version does not know, so a newer"
            " version has upgraded it; install that version, or restore an earlier backup"
        )
        raise NotAllowed(msg)


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(VERSIONS.name):
        return None
    return connection.scalar(sa.select(VERSIONS.c.version_num))


def _queue(connection: sa.Connection) -> None:
    """Wait for other nodes. On SQLite, BEGIN IMMEDIATE has already waited."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))


def _foreign_keys(connection: sa.Connection, state: str) -> None:
    """Switch SQLite's foreign key checks. The pragma has no effect inside a transaction."""
    driver = connection.connection.driver_connection
    if connection.dialect.name == "sqlite" and driver is not None:
        driver.execute(f"PRAGMA foreign_keys={state}").close()


def _check_foreign_keys(connection: sa.Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
    if broken:
        msg = f"the migration would leave {len(broken)} rows with missing parents: {broken[:3]}"
        raise RuntimeError(msg)
