"""What is shown of queues, and what a person may do with a job."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.dispatch.procrastinate import Engine
from newsletter.errors import NotAllowed, NotFound
from newsletter.model.act import ActKind
from newsletter.model.actor import Actor
from newsletter.store import acts, queues
from newsletter.store.acts import ActFilter
from newsletter.usecases import pass_reports, working
from newsletter.usecases.context import Context
from newsletter.web.metrics import exposition
from tests.fakes.fleet import Fleet, add_job

ADA = Actor.person("ada")


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


def test_tables_of_another_version_of_the_engine_are_replaced(pg_engine: sa.Engine) -> None:
    Engine.install(pg_engine)
    add_job(pg_engine, "desk", "todo")
    with pg_engine.begin() as connection:
        connection.exec_driver_sql("COMMENT ON SCHEMA procrastinate IS 'another'")
    Engine.install(pg_engine)
    with pg_engine.connect() as connection:
        assert queues.exist(connection)
        assert queues.listed(connection, limit=5) == []
