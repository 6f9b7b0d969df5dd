"""The workers at the desk: what each is doing, the queues, and what an admin may do with a job."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.dispatch.procrastinate import Engine
from newsletter.model.actor import Role
from newsletter.store import workers
from newsletter.store.workers import Doing, WorkerRow
from newsletter.usecases import working
from tests.fakes.desk import StaffedDesk, staffed_desk
from tests.fakes.fleet import add_job
from tests.fakes.house import MONDAY, house


@pytest.fixture
def desk(tmp_path: Path, pg_engine: sa.Engine) -> Iterator[StaffedDesk]:
    database = pg_engine.url.render_as_string(hide_password=False)
    with house(tmp_path, at=MONDAY, database=database) as opened:
        yield staffed_desk(opened.app)


def states(desk: StaffedDesk) -> dict[str, str]:
    return {job.name: job.state for job in working.jobs(desk.app.context, limit=9)}


def test_the_page_shows_what_every_worker_is_doing_and_since_when(desk: StaffedDesk) -> None:
    began = MONDAY - timedelta(seconds=40)
    doing = (Doing("lane 1", began), Doing("source desk", MONDAY - timedelta(minutes=3)))
    alive = WorkerRow("one.example:7", ("send", "collect"), 4, MONDAY, MONDAY, doing)
    silent = replace(alive, name="two.example:8", seen_at=MONDAY - timedelta(hours=1), doing=())
    with desk.app.engine.begin() as connection:
        workers.save(connection, silent)
        workers.save(connection, alive)
    page = desk.browser(Role.EDITOR).get("/workers").text
    first, second = page.split("one.example:7")[1].split("two.example:8")
    assert "Running" in first
    assert 'lane 1</span> <span class="soft">40 seconds' in first
    assert 'source desk</span> <span class="soft">3 minutes' in first
    assert "Stopped responding" in second


def test_an_admin_retries_and_cancels_jobs(desk: StaffedDesk, pg_engine: sa.Engine) -> None:
    assert "There are no workers" in desk.browser(Role.EDITOR).get("/workers").text
    Engine.install(pg_engine)
    waiting, failed, running = (
        add_job(pg_engine, name, status)
        for name, status in (("desk", "todo"), ("wire", "failed"), ("feed", "doing"))
    )
    assert "/retry" not in desk.browser(Role.EDITOR).get("/workers").text
    admin = desk.browser(Role.ADMIN)
    page = admin.get("/workers").text
    assert page.count("/retry") == 1
    assert f"/workers/jobs/{failed}/retry" in page
    assert f"/workers/jobs/{running}/cancel" not in page
    assert "Oldest has waited" in page
    assert desk.post(admin, f"/workers/jobs/{failed}/retry").status_code == 303
    assert desk.post(admin, f"/workers/jobs/{waiting}/cancel").status_code == 303
    assert states(desk) == {"source wire": "todo", "source feed": "doing"}
    refused = desk.post(admin, f"/workers/jobs/{running}/cancel")
    assert refused.status_code == 409
    assert "only a job that waits or failed" in refused.text
