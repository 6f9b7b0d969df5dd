"""What is shown of queues, and what a person may do with a job."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.dispatch.procrastinate import Engine
from newsletter.errors import NotAllowed, NotFound
from newsletter.model.act import ActKind
from newsletter.model.actor import MACHINE, Actor
from newsletter.store import acts, queues
from newsletter.store.acts import ActFilter
from newsletter.usecases import pass_reports, working
from newsletter.usecases.context import Context
from newsletter.usecases.working import Tick
from newsletter.web.metrics import exposition
from tests.fakes.fleet import Fleet, add_job
from tests.fakes.receiver import receiver

ADA = Actor.person("ada")
SECOND = timedelta(seconds=1)


@pytest.fixture
def context(pg_engine: sa.Engine, tmp_path: Path) -> Iterator[Context]:
    with Fleet(pg_engine, tmp_path, "http://127.0.0.1:9").opened() as app:
        yield app.context


def test_jobs_are_listed_counted_retried_and_cancelled(
    context: Context, pg_engine: sa.Engine
) -> None:
    assert working.jobs(context, limit=5) == ()
    assert working.queue_figures(context) == ()
    with pytest.raises(NotFound):
        working.retry(context, ADA, 1)
    Engine.install(pg_engine)
    Engine.install(pg_engine)  # again: nothing is lost
    waiting, failed, running = (
        add_job(pg_engine, name, status)
        for name, status in (("desk", "todo"), ("wire", "failed"), ("feed", "doing"))
    )
    found = {job.id: (job.name, job.state) for job in working.jobs(context, limit=5)}
    assert found[waiting] == ("source desk", "todo")
    assert found[running] == ("source feed", "doing")
    (queue,) = working.queue_figures(context)
    assert (queue.queue, queue.waiting, queue.running, queue.failed) == ("collect", 1, 1, 1)
    text = exposition(pass_reports.figures(context, context.now()), 0, [queue])[0].decode()
    assert 'newsletter_queue_waiting{queue="collect"} 1.0' in text
    working.retry(context, ADA, failed)
    with pytest.raises(NotAllowed, match="has not been changed"):
        working.retry(context, ADA, failed)
    working.cancel(context, ADA, failed)
    with pytest.raises(NotAllowed, match="has not been changed"):
        working.cancel(context, ADA, running)
    with pytest.raises(NotFound):
        working.cancel(context, ADA, failed)
    twin = add_job(pg_engine, "desk", "failed")
    with pytest.raises(NotAllowed, match="wait already"):
        working.retry(context, ADA, twin)
    with pg_engine.connect() as connection:
        recorded = [row.act for row in acts.listed(connection, ActFilter())]
    assert [(act.kind, str(act.actor), act.detail["name"]) for act in recorded] == [
        (ActKind.JOB_CANCELLED, str(ADA), "source wire"),
        (ActKind.JOB_RETRIED, str(ADA), "source wire"),
    ]


def test_a_job_is_fetched_without_looking_through_all_of_them(pg_engine: sa.Engine) -> None:
    Engine.install(pg_engine)
    others = (
        "EXPLAIN SELECT FROM procrastinate_jobs WHERE lock = 'host 7'"
        " AND (status = 'doing' OR status = 'todo' AND id < 5)"
    )
    with pg_engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL search_path TO procrastinate")
        connection.exec_driver_sql(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, lock, queueing_lock)"
            " SELECT 'collect', 'work', 'host ' || n / 4, n FROM generate_series(1, 2000) n"
        )
        plan = " ".join(connection.exec_driver_sql(others).scalars())
    assert "newsletter_jobs_by_lock" in plan


def test_tables_of_another_version_of_the_engine_are_replaced(pg_engine: sa.Engine) -> None:
    Engine.install(pg_engine)
    add_job(pg_engine, "desk", "todo")
    with pg_engine.begin() as connection:
        connection.exec_driver_sql("COMMENT ON SCHEMA procrastinate IS 'another'")
    Engine.install(pg_engine)
    with pg_engine.connect() as connection:
        assert queues.exist(connection)
        assert queues.listed(connection, limit=5) == []


def fail_job(engine: sa.Engine, queue: str) -> None:
    """Add a job to a queue of the engine's tables, and let it fail as a worker does."""
    job = add_job(engine, f"job of {queue}", "doing")
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL search_path TO procrastinate")
        for statement in (
            "UPDATE procrastinate_jobs SET queue_name = :queue WHERE id = :job",
            "SELECT procrastinate_finish_job_v1(:job, 'failed', false)",
        ):
            connection.execute(sa.text(statement), {"queue": queue, "job": job})


def test_the_workers_report_once_a_minute_and_whether_a_job_failed(
    context: Context, pg_engine: sa.Engine
) -> None:
    Engine.install(pg_engine)
    clock = context.now().replace(second=5)

    def tick(later: int) -> Tick:
        return working.record_tick(replace(context, now=lambda: clock + later * SECOND), MACHINE)

    minute = int(clock.timestamp()) // 60
    assert working.last_tick(context) == 0
    assert tick(0) == Tick(reports=True)
    assert not tick(20).reports, "another worker has reported in this minute"
    assert working.last_tick(context) == int(clock.timestamp()) + 20
    fail_job(pg_engine, "collect")
    assert tick(60) == Tick(reports=True, since=minute), "a source that is down is not reported"
    fail_job(pg_engine, "send")
    assert not tick(80).reports
    bad = Tick(reports=True, good=False, since=minute + 1)
    assert tick(120) == bad
    working.take_back(context, MACHINE, bad)
    assert tick(125) == bad, "the ping had failed"
    with pg_engine.begin() as connection:
        event = "UPDATE procrastinate.procrastinate_events SET at = at - interval '10 minutes'"
        connection.exec_driver_sql(event)
    assert tick(180) == Tick(reports=True, since=minute + 2), "it failed before the last report"


def test_a_worker_that_does_not_ping_leaves_it_to_the_others(context: Context) -> None:
    assert not working.record_tick(context, MACHINE, pings=False).reports
    assert working.record_tick(context, MACHINE).reports


def test_of_workers_that_tick_at_the_same_time_one_reports(context: Context) -> None:
    workers = 6
    together = threading.Barrier(workers)

    def tick(_worker: int) -> Tick:
        together.wait()
        return working.record_tick(frozen, MACHINE)

    moment = context.now()
    frozen = replace(context, now=lambda: moment)
    with ThreadPoolExecutor(workers) as pool:
        assert sum(tick.reports for tick in pool.map(tick, range(workers))) == 1


def test_workers_ping_the_dead_mans_switch(context: Context, tmp_path: Path) -> None:
    fleet = Fleet(context.engine, tmp_path, "http://127.0.0.1:9")
    with receiver() as switch, ExitStack() as running:
        url = f"{switch.url}/uuid"
        programs = [
            running.enter_context(
                fleet.program("worker", "--once", "--queues", "imports", HEARTBEAT_URL=url)
            )
            for _ in range(2)
        ]
        assert [program.wait(60) for program in programs] == [0, 0], fleet.log()
    paths = [path for path, *_ in switch.posted]
    assert set(paths) == {"/uuid"}
    assert working.last_tick(context) > 0
    figures = pass_reports.figures(context, context.now())
    text = exposition(figures, 0, (), working.last_tick(context))[0].decode()
    assert "newsletter_last_tick_timestamp_seconds 1." in text
    assert "last_tick" not in exposition(figures, 0)[0].decode()
