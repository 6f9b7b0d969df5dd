"""The engine of workers in this process, where a program of its own would take longer than a test."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import sqlalchemy as sa

from newsletter.app import App
from newsletter.dispatch.procrastinate import Capacity, Engine, Office
from newsletter.model.publication import Publication
from newsletter.pipeline.jobs import Job, Kind, Queue
from newsletter.pipeline.report import Level, Line
from newsletter.send import claimable, run
from newsletter.send.courier import Courier
from newsletter.send.worker import Tally

LANES = 2


def work_once(app: App, queues: tuple[str, ...] = tuple(Queue), jobs: int = 4) -> list[Line]:
    """Do what is due as `newsletter worker --once` does; return what the jobs report."""
    lines: list[Line] = []

    def work(job: Job) -> bool:
        report = app.work(job)
        lines.extend(report)
        return all(line.level is not Level.FAILED for line in report)

    _run_once(app.engine, app.jobs_due, work, Capacity(queues, jobs))
    return list(dict.fromkeys(lines))


def submit_in_jobs(engine: sa.Engine, publication: Publication, courier: Courier) -> Tally:
    """Submit what may be submitted now, each connection as a job."""
    whole = Tally()

    def due() -> list[Job]:
        with courier.reader.connect() as connection:
            number = claimable.count(
                connection, publication, courier.senders, courier.clock(), LANES
            )
        return [Job(Kind.LANE, str(lane)) for lane in range(number)]

    def work(_job: Job) -> bool:
        tally = run.submit(engine, publication, replace(courier, connections=1))
        whole.submitted += tally.submitted
        whole.unknown += tally.unknown
        whole.problems += tally.problems
        return True

    _run_once(engine, due, work, Capacity((Queue.SEND,), LANES))
    return whole


def _run_once(
    engine: sa.Engine,
    due: Callable[[], Sequence[Job]],
    work: Callable[[Job], bool],
    capacity: Capacity,
) -> None:
    Engine.install(engine)
    made = Engine(engine.url, Office(due, work, threading.Event()), capacity)
    # In a thread of its own: the tests in a browser leave an event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(made.run_once).result()
