"""Row ids: none may be used twice, not even after a restore."""

import sqlalchemy as sa

from newsletter.store.database import is_sqlite

STEP = 1_000_000
"""More ids than a database uses between a backup and its restore."""


def skip(connection: sa.Connection) -> None:
    """Leave a gap before the next id of every table.

    A restored database does not know the ids that links, file names and attempts have used since.
    """
    statements = _SQLITE if is_sqlite(connection) else _POSTGRESQL
    for statement in statements:
        connection.execute(sa.text(statement), {"step": STEP})


_SQLITE = (
    # SQLite lists a table only after its first row, and that may have come after the backup.
    """
    INSERT INTO sqlite_sequence (name, seq)
    SELECT name, 0 FROM sqlite_master
    WHERE type = 'table' AND sql LIKE '%AUTOINCREMENT%'
        AND name NOT IN (SELECT name FROM sqlite_sequence)
    """,
    "UPDATE sqlite_sequence SET seq = seq + :step",
)
_POSTGRESQL = (
    """
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass,
                  coalesce(last_value, 0) + :step)
    FROM pg_sequences WHERE schemaname = current_schema()
    """,
)
