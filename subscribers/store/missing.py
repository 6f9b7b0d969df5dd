"""Insert what is not there yet, also when two do it at once."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert as insert_postgresql
from sqlalchemy.dialects.sqlite import insert as insert_sqlite


def add_missing(
    connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]
) -> int:
    """Insert the rows whose unique keys are free; return how many those were."""
    insert = insert_sqlite if connection.dialect.name == "sqlite" else insert_postgresql
    added = 0
    for row in rows:
        statement = insert(table).values(dict(row)).on_conflict_do_nothing()
        added += connection.execute(statement).rowcount
    return added
