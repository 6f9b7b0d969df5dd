"""The engine's own tables: in a namespace of their own, because nothing in them is worth keeping."""

import hashlib

import sqlalchemy as sa

from newsletter.store.queues import NAMESPACE

LOCK = 7_204_911_836
"""The advisory lock for workers that start at the same time. Any fixed number works."""

BY_LOCK = """
    CREATE INDEX newsletter_jobs_by_lock ON procrastinate_jobs (lock)
    WHERE status IN ('todo', 'doing');
"""
"""To fetch a job, the engine looks for others with the same lock, and has no index for that."""


def install(engine: sa.Engine, tables: str) -> None:
    """Create the engine's tables.

    Those of another version of the engine are dropped: the jobs in them that are still due are
    added again.
    """
    tables += BY_LOCK
    version = hashlib.sha256(tables.encode()).hexdigest()[:16]
    with engine.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK)))
        if _version(connection) == version:
            return
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {NAMESPACE} CASCADE")
        connection.exec_driver_sql(f"CREATE SCHEMA {NAMESPACE}")
        connection.exec_driver_sql(f"SET LOCAL search_path TO {NAMESPACE}")
        connection.execution_options(no_parameters=True).exec_driver_sql(tables)
        connection.exec_driver_sql(f"COMMENT ON SCHEMA {NAMESPACE} IS '{version}'")


def _version(connection: sa.Connection) -> str | None:
    """Return the version of the tables that exist; None if a part of them is missing."""
    if not connection.scalar(sa.select(sa.func.to_regclass(f"{NAMESPACE}.procrastinate_jobs"))):
        return None
    oid = sa.func.to_regnamespace(NAMESPACE)
    found = connection.scalar(
        sa.select(sa.func.obj_description(sa.cast(oid, sa.Integer), "pg_namespace"))
    )
    return str(found or "")
