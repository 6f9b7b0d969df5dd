"""On PostgreSQL, each issue has its own partitions, and nothing waits for those of another issue."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.maintenance.retention import Folders, tidy
from newsletter.model.issue import IssueKind
from newsletter.model.retention import Retention
from newsletter.model.states import BatchState, DeliveryState, IssueState
from newsletter.store.counting import counted_rows, recounting
from newsletter.store.people import erasure, personal, received
from newsletter.store.sending import audience, partitions, reports
from newsletter.store.sending import deliveries as deliveries_of
from newsletter.store.tables import batches, deliveries, issues
from newsletter.store.vacuuming import PARTITIONS
from subscribers.model import Erased
from tests.fakes.issues import NOW, WEEKLY, add_issue, add_people
from tests.fakes.plans import plans
from tests.integration.send.conftest import Office

ISSUES = 6
OFTEN = 12
"""After five executions, the driver prepares a statement; after five more, PostgreSQL may plan it for all."""
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
    "batch": lambda connection: deliveries_of.pending(connection, 1, (1, 2)),
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
            for _ in range(OFTEN):
                ask(connection)
            assert len({PARTITION.findall(part)[0] for part in locked(connection)}) <= 2, name


def retain(office: Office, folder: Path, days: int) -> tuple[int, bool]:
    """Tidy up as a pass does, with deliveries kept so long.

    Return how many were deleted, and whether nothing is left for the next pass.
    """
    periods = replace(Retention(), deliveries=timedelta(days=days))
    folders = Folders(folder, folder / "uploads")
    done = tidy(
        office.engine, periods, folders, pepper=b"p" * 32, now=office.now, wait=lambda _: None
    )
    return done.deleted["deliveries"], done.finished


def test_retention_drops_them_unless_others_use_the_tables(office: Office, tmp_path: Path) -> None:
    old = issues.c.id.in_([1, 2])
    with office.engine.begin() as connection:
        before = NOW - timedelta(days=20)
        submitted = {"submitted_at": before, "state": IssueState.SUBMITTED.value}
        connection.execute(issues.update().where(old).values(**submitted))
    with office.engine.begin() as sending:
        sending.execute(sa.select(deliveries).where(deliveries.c.issue_id == 6))
        assert retain(office, tmp_path, days=10) == (0, False)
        assert sending.execute(sa.select(deliveries).where(deliveries.c.issue_id == 1)).all()
    assert retain(office, tmp_path, days=10) == (2 * 3, True)
    assert retain(office, tmp_path, days=10) == (0, True)
    with office.engine.begin() as connection:
        assert partitions.kept(connection) == [3, 4, 5, 6]
        assert len(present(connection)) == 2 * 4
        assert [row["number"] for row in personal.of(connection, 1)["deliveries"]] == [3, 4, 5, 6]


def test_two_issues_are_frozen_at_once(office: Office) -> None:
    with ThreadPoolExecutor(1) as pool, office.engine.begin() as first:
        partitions.add(first, 98)

        def second() -> None:
            with office.engine.begin() as connection:
                partitions.add(connection, 99)

        waiting = pool.submit(second)
        first.commit()
        waiting.result(60)
    with office.engine.begin() as connection:
        assert partitions.kept(connection)[-2:] == [98, 99]


def test_an_erasure_reaches_the_deliveries_of_all_parts(office: Office) -> None:
    with office.engine.begin() as connection:
        connection.execute(deliveries.update().values(reason="550 ann@example.org is unknown"))
        erasure.erase(connection, Erased(1, "ann@example.org"))
    with office.engine.connect() as connection:
        reasons = sa.select(deliveries.c.subscriber_id, deliveries.c.reason).distinct()
        found = {row[0]: row[1] for row in connection.execute(reasons)}
    assert found.pop(1) == "erased"
    assert set(found.values()) == {"550 ann@example.org is unknown"}
