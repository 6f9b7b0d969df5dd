"""The numbers that rows get: none may be handed out twice, not even by a database from before."""

import sqlalchemy as sa

STEP = 1_000_000
"""More than a database hands out between a backup and its return."""


def skip(connection: sa.Connection) -> None:
    """Leave a wide gap before every number that is handed out next.

    A restored database has forgotten numbers that stand in links, names of files and attempts.
    """
    statements = _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE
    for statement in statements:
        connection.execute(sa.text(statement), {"step": STEP})


_SQLITE = (
    # A table that never had a row is not listed; it may have had one since the backup.
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
