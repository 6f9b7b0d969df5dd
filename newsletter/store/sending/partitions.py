"""The partitions of `deliveries` and `exclusions` on PostgreSQL: one of each for every issue.

Retention drops a partition instead of deleting millions of rows. PostgreSQL plans and locks each
partition that it cannot rule out beforehand, so a query has to name its issues as values, not by a
join. On SQLite, the tables are whole.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from newsletter.store.database import is_sqlite
from newsletter.store.tables import deliveries, exclusions, issues
from newsletter.store.vacuuming import PARTITIONS

AT_ONCE = 20
"""Issues that one query reads, so that it locks a hundred relations at most."""
PATIENCE = "100ms"
"""How long a partition that is dropped waits for other transactions: theirs wait behind it."""


class _Partition(NamedTuple):
    """A partition. Those that were one table before it was partitioned hold several issues."""

    table: str
    name: str
    issue_ids: frozenset[int]


def add(connection: sa.Connection, issue_id: int) -> None:
    """Create the partitions that an issue lacks. The issue must be locked.

    To attach a partition waits for no transaction that reads or writes others.
    """
    if is_sqlite(connection):
        return
    present = {part.table for part in _partitions(connection) if issue_id in part.issue_ids}
    for table, settings in PARTITIONS.items():
        if table.name not in present:
            name = f"{table.name}_of_issue_{issue_id}"
            options = ", ".join(f"{key} = {value}" for key, value in settings.items())
            storage = f"WITH ({options})" if options else ""
            for statement in (
                f"CREATE TABLE {name} (LIKE {table.name} INCLUDING ALL) {storage}",
                f"ALTER TABLE {table.name} ATTACH PARTITION {name} FOR VALUES IN ({issue_id})",
            ):
                connection.exec_driver_sql(statement)


def drop(connection: sa.Connection, issue_id: int) -> int:
    """Drop the partitions of an issue; return how many: 0 if it has none, or shares them.

    Commit soon: until then, nothing else can use the tables. Raises OperationalError if other
    transactions use them for longer than PATIENCE (see `is_lock_timeout`).
    """
    own = frozenset({issue_id})
    found = [part.name for part in _partitions(connection) if part.issue_ids == own]
    if found:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{PATIENCE}'")
        connection.exec_driver_sql(f"DROP TABLE {', '.join(found)}")
    return len(found)


def kept(connection: sa.Connection) -> list[int]:
    """Return the issues whose deliveries and exclusions are kept, in order."""
    if is_sqlite(connection):
        return list(connection.scalars(_with_rows(sa.true(), sa.true(), sa.true())))
    parts = _partitions(connection)
    own = {next(iter(part.issue_ids)) for part in parts if len(part.issue_ids) == 1}
    if shared := {issue_id for part in parts for issue_id in part.issue_ids} - own:
        columns = (issues.c.id, deliveries.c.issue_id, exclusions.c.issue_id)
        named = (column.in_(sorted(shared)) for column in columns)
        own.update(connection.scalars(_with_rows(*named)))
    return sorted(own)


def _with_rows(
    known: sa.ColumnElement[bool],
    delivered: sa.ColumnElement[bool],
    excluded: sa.ColumnElement[bool],
) -> sa.Select[tuple[int]]:
    """Select the issues with rows; the conditions name the issues for each table."""
    rows = sa.or_(
        sa.exists().where(deliveries.c.issue_id == issues.c.id, delivered),
        sa.exists().where(exclusions.c.issue_id == issues.c.id, excluded),
    )
    return sa.select(issues.c.id).where(known, rows).order_by(issues.c.id)


def rows_of(
    connection: sa.Connection,
    issue_ids: Sequence[int],
    query: Callable[[Sequence[int]], sa.Select[Any]],
) -> Iterator[sa.Row[*tuple[Any, ...]]]:
    """Yield the rows of a query about some of the issues at a time, in the order of these parts.

    PostgreSQL has room for some thousand locks, and keeps them until the end of a transaction, or of
    a savepoint that is rolled back.
    """
    for first in range(0, len(issue_ids), AT_ONCE):
        part = issue_ids[first : first + AT_ONCE]
        if is_sqlite(connection):
            rows = connection.execute(query(part)).all()
        else:
            with connection.begin_nested() as savepoint:
                rows = connection.execute(query(part)).all()
                savepoint.rollback()
        yield from rows  # outside the savepoint: what the caller writes here is kept


def of_subscriber(
    connection: sa.Connection,
    table: sa.Table,
    subscriber_id: int,
    issue_ids: Sequence[int],
    *columns: sa.ColumnElement[Any],
) -> Iterator[sa.Row[*tuple[Any, ...]]]:
    """Yield what a subscriber has of these issues: issue_id and the columns, in parts as `rows_of`.

    The query reads only this table: PostgreSQL takes many times as long to plan a join with each
    partition.
    """

    def query(part: Sequence[int]) -> sa.Select[Any]:
        mine = (table.c.issue_id.in_(part), table.c.subscriber_id == subscriber_id)
        return sa.select(table.c.issue_id, *columns).where(*mine)

    return rows_of(connection, issue_ids, query)


def _partitions(connection: sa.Connection) -> list[_Partition]:
    if is_sqlite(connection):
        return []
    rows = connection.execute(_PRESENT)
    return [
        _Partition(table, name, frozenset(map(int, re.findall(r"\d+", values))))
        for table, name, values in rows
    ]


_PRESENT = sa.text(
    """
    SELECT parent.relname, part.relname, pg_get_expr(part.relpartbound, part.oid)
    FROM pg_inherits
    JOIN pg_class parent ON parent.oid = inhparent
    JOIN pg_class part ON part.oid = inhrelid
    WHERE inhparent IN (to_regclass('deliveries'), to_regclass('exclusions'))
    """
)
