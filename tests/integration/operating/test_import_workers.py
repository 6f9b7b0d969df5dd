"""Workers apply an approved list: killed or doubled, every row once."""

from pathlib import Path

import sqlalchemy as sa

from subscribers.store.tables import import_chunks
from tests.fakes.fleet import Fleet, until
from tests.fakes.lists import added, applied, approve_list

ROWS, CHUNK = 1_000, 20


def test_workers_apply_a_list_and_one_that_is_killed_leaves_the_rest_to_the_others(
    pg_engine: sa.Engine, tmp_path: Path
) -> None:
    fleet = Fleet(pg_engine, tmp_path, "http://127.0.0.1:9")
    approve_list(fleet, ROWS, CHUNK)
    later = sa.select(import_chunks.c.last_row).where(import_chunks.c.last_row > ROWS // 2)
    with pg_engine.begin() as blocking:
        blocking.execute(later.with_for_update())  # so that the worker is in the middle for sure
        doomed = fleet.start("worker", "--queues", "imports", "--concurrency", "2")
        try:
            until(lambda: added(fleet) >= ROWS // 4, "chunks follow each other without a pause")
        finally:
            doomed.kill()
            doomed.wait()
    assert CHUNK <= added(fleet) < ROWS
    with pg_engine.begin() as connection:
        # Others notice a dead worker after 30 seconds; a test need not wait for that.
        connection.exec_driver_sql(
            "TRUNCATE procrastinate.procrastinate_jobs, procrastinate.procrastinate_workers,"
            " procrastinate.procrastinate_events CASCADE"
        )
    others = [fleet.start("worker", "--once", "--queues", "imports") for _ in range(2)]
    for worker in others:
        assert worker.wait(120) == 0, fleet.log()
    done = applied(fleet)
    assert (done.state, done.counts) == ("applied", {"new": ROWS}), fleet.log()
    assert added(fleet) == ROWS
    assert "Traceback" not in fleet.log()
