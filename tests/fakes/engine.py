"""The engine of workers in this process, where a program of its own would take longer than a test."""

import sqlalchemy as sa

from newsletter.app import App
from newsletter.dispatch.procrastinate import Capacity, Engine, Office
from newsletter.pipeline.jobs import Job, Queue
from newsletter.pipeline.report import Level, Line


def work_once(app: App, queues: tuple[str, ...] = tuple(Queue), jobs: int = 4) -> list[Line]:
    """Do what is due as `newsletter worker --once` does; return what the jobs report."""
    lines: list[Line] = []

    def work(job: Job) -> bool:
        report = app.work(job)
        lines.extend(report)
        return all(line.level is not Level.FAILED for line in report)

    Engine.install(app.engine)
    office = Office(app.jobs_due, work, app.stop)
    Engine(sa.make_url(app.settings.database_url), office, Capacity(queues, jobs)).run_once()
    return list(dict.fromkeys(lines))
