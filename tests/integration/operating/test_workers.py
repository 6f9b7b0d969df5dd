"""Workers that share the jobs of one PostgreSQL: killed, doubled or alone, they send everything once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.model.states import IssueState
from newsletter.store import workers
from newsletter.store.queues import TICK
from tests.fakes.fleet import Fleet, entries, until
from tests.fakes.pgbouncer import PROGRAM, pgbouncer
from tests.fakes.sendgrid import SendGrid

DEAD_TICK = (
    "INSERT INTO procrastinate.procrastinate_jobs"
    " (queue_name, task_name, lock, queueing_lock, status) VALUES ('{0}', '{0}', '{0}', '{0}', 'doing')"
)
"""What a worker leaves that is killed while it reads what is due."""


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[SendGrid]:
    # A worker says what it does every five seconds: the issue has to take longer.
    with SendGrid(tmp_path / "ledger", delay=0.3) as server:
        yield server


@pytest.fixture
def fleet(pg_engine: sa.Engine, tmp_path: Path, sink: SendGrid) -> Fleet:
    return Fleet(pg_engine, tmp_path, sink.url)


def at_work(fleet: Fleet) -> int:
    with fleet.engine.connect() as connection:
        return len(workers.every(connection))


def working_on(fleet: Fleet) -> str:
    with fleet.engine.connect() as connection:
        rows = workers.every(connection)
    return " ".join(each.what for row in rows for each in row.doing) if len(rows) == 2 else ""


def connections(fleet: Fleet) -> int:
    query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    with fleet.engine.connect() as connection:
        return int(connection.exec_driver_sql(query).scalar_one()) - 1


def test_a_worker_does_everything_that_is_due_and_ends(fleet: Fleet) -> None:
    fleet.freeze(people=200, size=10)
    with fleet.program("serve", "--no-work") as pages:
        until(fleet.is_served, "the pages are served")
        assert connections(fleet) <= 2 * 5 + 1  # of two pools, and one that keeps the pages alone
        until(lambda: "no worker responds" in fleet.log(), "the pages report that no one works")
        with fleet.program("worker", "--once") as worker:
            assert worker.wait(120) == 0, fleet.log()
        pages.terminate()
        assert pages.wait(60) == 0
    assert fleet.state() is IssueState.SUBMITTED, fleet.log()
    assert fleet.require_one_copy_each() == 0
    assert at_work(fleet) == 0
    assert set(entries(fleet.engine)) <= {"succeeded", "todo"}  # the next tick may wait


def test_killed_workers_and_lost_jobs_lose_and_double_nothing(fleet: Fleet) -> None:
    """The workers die, and everything that the engine knows is deleted, in the middle of an issue."""
    fleet.freeze(people=1000, size=5)
    doomed = fleet.start("worker", "--queues", "send", "--concurrency", "3")
    with fleet.program("worker", "--concurrency", "3") as worker:
        until(lambda: "lane" in working_on(fleet), "both are shown, with what they do")
        until(lambda: len(fleet.ledger.requests()) > 30, "they send")
        assert connections(fleet) <= 2 * (2 * 3 + 10)
        doomed.kill()
        doomed.wait()
        with fleet.engine.begin() as connection:
            tables = ", ".join(
                f"procrastinate.procrastinate_{name}" for name in ("jobs", "workers", "events")
            )
            connection.exec_driver_sql(f"TRUNCATE {tables} CASCADE")
            connection.exec_driver_sql(DEAD_TICK.format(TICK))
        until(lambda: not fleet.report().waiting, "everything else is sent")
        worker.terminate()
        assert worker.wait(60) == 0, fleet.log()
    fleet.expire_leases()
    doubtful = fleet.require_one_copy_each()
    assert doubtful <= 3 * 5, "at most what the killed one had in submission"
    fleet.settle()
    with fleet.program("worker", "--once") as last:
        assert last.wait(120) in {0, 3}, fleet.log()
    assert set(fleet.ledger.copies().values()) == {1}
    assert len(fleet.ledger.copies()) == 1000
    assert "Traceback" not in fleet.log()


@pytest.mark.skipif(not PROGRAM.exists(), reason="pgbouncer is not installed")
def test_workers_send_behind_pgbouncer_in_transaction_mode(fleet: Fleet) -> None:
    """Two connections serve everything except what belongs to a session, which goes around it."""
    fleet.freeze(people=300, size=10)
    with pgbouncer(fleet.engine.url, pool=2) as pooled:
        addresses = {
            "NEWSLETTER_DATABASE_URL": pooled.render_as_string(hide_password=False),
            "NEWSLETTER_DATABASE_DIRECT_URL": fleet.url,
        }
        with fleet.program("worker", "--once", **addresses) as worker:
            assert worker.wait(120) == 0, fleet.log()
    assert fleet.state() is IssueState.SUBMITTED, fleet.log()
    assert fleet.require_one_copy_each() == 0
    assert "Traceback" not in fleet.log()
