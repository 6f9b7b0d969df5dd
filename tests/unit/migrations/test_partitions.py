"""Revision 0045: the rows of a table that becomes partitioned stay where they are."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import command

from newsletter import migrations
from newsletter.store.people import personal, retention
from newsletter.store.sending import partitions
from newsletter.store.tables import deliveries, exclusions, issues

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
ISSUE = {
    "newsletter": "weekly",
    "kind": "regular",
    "state": "submitted",
    "nominal": "2026-11-20T08:00",
    "due_at": AT,
    "drafted_at": AT,
    "blocks": [],
    "created_by": "person:ada",
}
FILES = """
    SELECT relname, pg_relation_filenode(oid) FROM pg_class
    WHERE relkind = 'r' AND relname ~ '^(deliveries|exclusions)'
"""


def test_earlier_issues_share_a_partition_that_is_not_written_again(
    empty_engine: sa.Engine,
) -> None:
    with empty_engine.begin() as connection:
        command.upgrade(migrations.configuration(connection), "0044")
        _add_issues(connection)
        _add_rows(connection, 1, 2)
        before = _files(connection)
    migrations.upgrade(empty_engine)
    with empty_engine.begin() as connection:
        after = _files(connection)
        partitions.add(connection, 2)
        partitions.add(connection, 3)
        assert before.keys() == set() or _files(connection).keys() - after.keys() == _of_issue(3)
        _add_rows(connection, 3)
        assert partitions.kept(connection) == [1, 2, 3]
        assert _numbers(connection) == [1, 2, 3]
    if before:
        for table in ("deliveries", "exclusions"):
            assert after[f"{table}_of_earlier_issues"] == before[table]


def test_retention_deletes_one_of_the_earlier_issues_at_a_time(empty_engine: sa.Engine) -> None:
    with empty_engine.begin() as connection:
        command.upgrade(migrations.configuration(connection), "0044")
        _add_issues(connection)
        _add_rows(connection, 1, 2)
    migrations.upgrade(empty_engine)
    with empty_engine.begin() as connection:
        _add_rows(connection, 2, subscriber=8)
        assert _purged(connection) == {"exclusions": 1, "deliveries": 1}
        assert partitions.kept(connection) == _numbers(connection) == [2]
        assert _purged(connection) == {"exclusions": 2, "deliveries": 2}
        assert partitions.kept(connection) == []
        assert _purged(connection) == {}


def _purged(connection: sa.Connection) -> dict[str, int]:
    """Delete the exclusions and then the deliveries of an issue."""
    before = AT + timedelta(days=1)
    portions = [retention.purge_deliveries(connection, before) for _ in range(2)]
    return {what: number for portion in portions for what, number in portion.items()}


def _add_issues(connection: sa.Connection) -> None:
    for number in (1, 2, 3):
        values = ISSUE | {"id": number, "number": number, "submitted_at": AT}
        connection.execute(issues.insert().values(**values))


def _add_rows(connection: sa.Connection, *issue_ids: int, subscriber: int = 7) -> None:
    """Add a delivery to a subscriber, and an exclusion of the next one."""
    for issue_id in issue_ids:
        got = {"issue_id": issue_id, "seq": subscriber, "subscriber_id": subscriber}
        connection.execute(deliveries.insert().values(edition_id=1, state="pending", **got))
        missed = {"issue_id": issue_id, "subscriber_id": subscriber + 1}
        connection.execute(exclusions.insert().values(reason="paused", **missed))


def _files(connection: sa.Connection) -> dict[str, int]:
    """Return the files of the tables on PostgreSQL, by name."""
    if connection.dialect.name == "sqlite":
        return {}
    return {row[0]: row[1] for row in connection.exec_driver_sql(FILES)}


def _of_issue(issue_id: int) -> set[str]:
    names = ("deliveries", "exclusions")
    return {f"{name}_of_issue_{issue_id}" for name in names}


def _numbers(connection: sa.Connection) -> list[object]:
    """Return the numbers of the issues that subscriber 7 got, and 8 was left out of."""
    got = [row["number"] for row in personal.of(connection, 7)["deliveries"]]
    assert [row["number"] for row in personal.of(connection, 8)["left_out"]] == got
    return got
