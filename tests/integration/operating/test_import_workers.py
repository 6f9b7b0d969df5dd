"""Workers apply an approved list: killed or doubled, every row once."""

from pathlib import Path

import sqlalchemy as sa

from subscribers.roster import staging
from subscribers.roster.latest import latest
from subscribers.roster.reading import open_listing
from subscribers.roster.row import Terms
from subscribers.roster.run import ImportJob
from subscribers.store.tables import subscribers
from tests.fakes.fleet import Fleet, until
from tests.fakes.house import SECRETS
from tests.fakes.issues import NOW

ROWS, CHUNK = 3_000, 20


def approved(fleet: Fleet, rows: int) -> None:
    """Let a list be applied in small chunks."""
    path = fleet.folder / "list.csv"
    path.write_text("email\n" + "".join(f"r{number}@example.org\n" for number in range(rows)))
    terms = Terms(path.name, NOW, into=("weekly",))
    pepper = SECRETS["NEWSLETTER_PEPPER"].encode()
    job = ImportJob(open_listing(path), terms, pepper, chunk=CHUNK)
    number = staging.review(fleet.engine, fleet.engine, job, actor="person:kim", now=NOW).id
    with fleet.engine.begin() as connection:
        end = staging.approve(
            connection, number, actor="person:kim", now=NOW, record_end=lambda *_given: None
        )
    assert end
    path.unlink()


def added(fleet: Fleet) -> int:
    """Return how many subscribers there are."""
    with fleet.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(subscribers)) or 0


def test_workers_apply_a_list_and_one_that_is_killed_leaves_the_rest_to_the_other(
    pg_engine: sa.Engine, tmp_path: Path
) -> None:
    fleet = Fleet(pg_engine, tmp_path, "http://127.0.0.1:9")
    approved(fleet, ROWS)
    doomed = fleet.start("worker", "--queues", "imports", "--concurrency", "2")
    try:
        until(lambda: added(fleet) > CHUNK, "the first worker has begun")
    finally:
        doomed.kill()
        doomed.wait()
    assert added(fleet) < ROWS
    with pg_engine.begin() as connection:
        # Others notice a dead worker after 30 seconds; a test need not wait for that.
        connection.exec_driver_sql(
            "TRUNCATE procrastinate.procrastinate_jobs, procrastinate.procrastinate_workers,"
            " procrastinate.procrastinate_events CASCADE"
        )
    others = [fleet.start("worker", "--once", "--queues", "imports") for _ in range(2)]
    for worker in others:
        assert worker.wait(120) == 0, fleet.log()
    with pg_engine.connect() as connection:
        (done,) = latest(connection)
    assert (done.state, done.counts) == ("applied", {"new": ROWS}), fleet.log()
    assert added(fleet) == ROWS
    assert "Traceback" not in fleet.log()
