"""On PostgreSQL, each issue has its own partitions, and nothing waits for those of another issue."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.maintenance.retention import tidy
from newsletter.model.issue import IssueKind
from newsletter.model.retention import Retention
from newsletter.model.states import BatchState, DeliveryState
from newsletter.store.counting import counted_rows, recounting
from newsletter.store.people import erasure, personal, received
from newsletter.store.sending import audience, partitions, reports
from newsletter.store.tables import batches, deliveries, issues
from newsletter.store.vacuuming import PARTITIONS
from tests.fakes.issues import NOW, WEEKLY, add_issue, add_people
from tests.fakes.plans import plans
from tests.integration.send.conftest import Office

ISSUES = 6
OPTIONS = """
    SELECT relname, coalesce(reloptions, '{}') FROM pg_class
    WHERE relkind = 'r' AND relname ~ '_of_issue_'
"""
LOCKED = """
    SELECT relname FROM pg_locks JOIN pg_class ON pg_class.oid = relation
    WHERE pid = pg_backend_pid() AND relkind = 'r' AND relname ~ '_of_issue_'
"""
PARTITION = re.compile(r"(?:deliveries|exclusions)_of_issue_(\d+)\b")

QUERIES: dict[str, Callable[[sa.Connection], object]] = {
    "person": lambda connection: received.frozen(connection, ["weekly"], 1, limit=2),
    "preferences": lambda connection: received.lately(connection, "weekly", 1, NOW, limit=2),
    "unsubscribe": lambda connection: received.last_issue(connection, "weekly", 999),
    "following": lambda connection: received.item(connection, "weekly", 999, 1),
    "export": lambda connection: personal.of(connection, 1),
    "erasure": lambda connection: erasure.submitted_to(connection, 1),
    "events": lambda connection: reports.move(connection, 1, {1: (DeliveryState.DELIVERED, "")}),
    "counted": counted_rows.of_deliveries,
    "batches": counted_rows.of_batches,
    "recount": lambda connection: recounting.recount_batches(connection, 1),
    "alerts": lambda connection: connection.execute(
        audience.alerted(connection, WEEKLY, NOW)
    ).all(),
}
"""Everything that is asked about more than one issue."""


@pytest.fixture
def office(pg_engine: sa.Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Yield an office with six issues that were frozen for the same three people."""
    monkeypatch.setattr(partitions, "AT_ONCE", 2)
    opened = Office(pg_engine)
    with pg_engine.begin() as connection:
        add_people(connection, 3)
        numbers = [add_issue(connection, number=number) for number in range(1, ISSUES + 1)]
    for opened.issue_id in numbers:
        assert opened.freeze() is not None
    yield opened
    opened.reader.dispose()


def present(connection: sa.Connection) -> dict[str, set[str]]:
    """Return the settings of each partition."""
    return {row[0]: set(row[1]) for row in connection.exec_driver_sql(OPTIONS)}


def locked(connection: sa.Connection) -> set[str]:
    """Return the partitions that this transaction keeps locked."""
    return set(connection.exec_driver_sql(LOCKED).scalars())


def test_the_freeze_creates_them_once_with_the_settings_of_their_table(office: Office) -> None:
    with office.engine.begin() as connection:
        partitions.add(connection, office.issue_id)
        found = present(connection)
        assert partitions.kept(connection) == list(range(1, ISSUES + 1))
    for table, settings in PARTITIONS.items():
        expected = {f"{key}={value}" for key, value in settings.items()}
        for number in range(1, ISSUES + 1):
            assert found.pop(f"{table.name}_of_issue_{number}") == expected
    assert not found


def test_an_issue_can_be_frozen_while_others_are_read_and_written(office: Office) -> None:
    with office.engine.begin() as sending, office.engine.begin() as freezing:
        for connection in (sending, freezing):
            connection.exec_driver_sql("SET LOCAL lock_timeout = '5s'")
        mine = deliveries.c.issue_id == 1
        sending.execute(deliveries.update().where(mine).values(reason="held open"))
        partitions.add(freezing, 99)
        assert sending.execute(sa.select(deliveries).where(mine)).all()
        sending.execute(deliveries.update().where(mine).values(reason="again"))


def test_questions_about_many_issues_lock_few_partitions_at_a_time(office: Office) -> None:
    with office.engine.begin() as connection:
        alerts = issues.update().where(issues.c.id.in_([3, 4]))
        connection.execute(alerts.values(kind=IssueKind.ALERT.value))
        connection.execute(batches.update().values(state=BatchState.ACCEPTED.value))
    for name, ask in QUERIES.items():
        found = plans(office.engine, ask)
        assert all(len(set(PARTITION.findall(plan))) <= 2 for plan in found), name
        with office.engine.begin() as connection:
            ask(connection)
            assert len({PARTITION.findall(part)[0] for part in locked(connection)}) <= 2, name


def retain(office: Office, folder: Path, days: int) -> int:
    """Tidy up as a pass does, with deliveries kept so long; return how many were deleted."""
    periods = replace(Retention(), deliveries=timedelta(days=days))
    done = tidy(
        office.engine,
        periods,
        outbox=folder,
        uploads=folder / "uploads",
        pepper=b"p" * 32,
        now=office.now,
    )
    return done["deliveries"]


def test_retention_drops_them_unless_others_use_the_tables(office: Office, tmp_path: Path) -> None:
    old = issues.c.id.in_([1, 2])
    with office.engine.begin() as connection:
        before = NOW - timedelta(days=20)
        connection.execute(issues.update().where(old).values(submitted_at=before))
    with office.engine.begin() as sending:
        sending.execute(sa.select(deliveries).where(deliveries.c.issue_id == 6))
        assert retain(office, tmp_path, days=10) == 0
        assert sending.execute(sa.select(deliveries).where(deliveries.c.issue_id == 1)).all()
    assert [retain(office, tmp_path, days=10) for _pass in range(3)] == [3, 3, 0]
    with office.engine.begin() as connection:
        assert partitions.kept(connection) == [3, 4, 5, 6]
        assert len(present(connection)) == 2 * 4
        assert [row["number"] for row in personal.of(connection, 1)["deliveries"]] == [3, 4, 5, 6]
