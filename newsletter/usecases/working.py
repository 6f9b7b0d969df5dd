"""Show the workers of several machines and their jobs, and let a person retry or cancel one."""

from collections.abc import Sequence
from dataclasses import dataclass

from newsletter.errors import NotAllowed, NotFound
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.store import acts, marks, queues, workers
from newsletter.store.marks import Mark
from newsletter.store.queues import QueuedJob, QueueFigures
from newsletter.store.workers import WorkerRow
from newsletter.usecases.context import Context
from subscribers.phrase import Phrase

COLLECT = "collect"
"""The queue whose failures pass: the watchdog reports a source that stays broken."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A reading of what is due, by one of the workers.

    `reports` says that this worker pings the dead-man's switch, for all of them. The result is
    `good` unless a job has failed since the ping before, which was `since`, in minutes since 1970.
    """

    reports: bool
    good: bool = True
    since: int = 0


def record_tick(context: Context, actor: Actor, *, pings: bool = True) -> Tick:
    """Record that the jobs that are due have been added; once a minute, the result is to be reported.

    A worker that does not ping leaves that to the others.
    """
    actor.require(Role.EDITOR)
    now = context.now()
    minute = int(now.timestamp() // 60)
    with context.engine.begin() as connection:
        marks.write(connection, Mark.TICKED, int(now.timestamp()))
        before = marks.read(connection, Mark.WORKERS_REPORTED)
        reports = pings and marks.is_due(connection, Mark.WORKERS_REPORTED, now, 1)
        if not (reports and marks.move(connection, Mark.WORKERS_REPORTED, minute)):
            return Tick(reports=False)
        seconds = now.timestamp() - before * 60 if before else 60
        failed = queues.exist(connection) and queues.any_failed(connection, seconds, [COLLECT])
        return Tick(reports=True, good=not failed, since=before)


def take_back(context: Context, actor: Actor, tick: Tick) -> None:
    """Leave a result that could not be reported to the next tick."""
    actor.require(Role.EDITOR)
    with context.engine.begin() as connection:
        marks.write(connection, Mark.WORKERS_REPORTED, tick.since)


def last_tick(context: Context) -> int:
    """Return when a worker last added what was due, in seconds since 1970; 0 if none ever has."""
    with context.reader.connect() as connection:
        return marks.read(connection, Mark.TICKED)


def workers_now(context: Context) -> Sequence[WorkerRow]:
    """Return the workers, with what each of them is doing."""
    with context.reader.connect() as connection:
        return workers.every(connection)


def queue_figures(context: Context) -> Sequence[QueueFigures]:
    """Return the figures of every queue that has jobs; none if no worker ever used queues."""
    with context.reader.connect() as connection:
        return queues.figures(connection) if queues.exist(connection) else ()


def jobs(context: Context, *, limit: int) -> Sequence[QueuedJob]:
    """Return the jobs that wait, run or failed, the newest first."""
    with context.reader.connect() as connection:
        return queues.listed(connection, limit=limit) if queues.exist(connection) else ()


def retry(context: Context, actor: Actor, job_id: int) -> None:
    """Let a failed job be done again. Raises NotFound, or NotAllowed if it has not failed."""
    actor.require(Role.ADMIN)
    why_not = Phrase(
        "only a failed job can be retried, and only if the same job does not wait already"
    )
    _change(context, actor, job_id, ActKind.JOB_RETRIED, why_not)


def cancel(context: Context, actor: Actor, job_id: int) -> None:
    """Delete a job that waits or failed. Raises NotFound, or NotAllowed if it is running."""
    actor.require(Role.ADMIN)
    why_not = Phrase("only a job that waits or failed can be canceled. To stop an issue, pause it")
    _change(context, actor, job_id, ActKind.JOB_CANCELLED, why_not)


def _change(context: Context, actor: Actor, job_id: int, kind: ActKind, why_not: str) -> None:
    change = queues.retry if kind is ActKind.JOB_RETRIED else queues.cancel
    with context.engine.begin() as connection:
        job = queues.find(connection, job_id) if queues.exist(connection) else None
        if job is None:
            msg = Phrase("there is no job {job_id}", job_id=job_id)
            raise NotFound(msg)
        # Recorded first: after the change, this transaction sees only the engine's tables.
        detail = {"job": job_id, "queue": job.queue, "name": job.name}
        acts.record(connection, Act(context.now(), actor, kind, None, detail=detail))
        if not change(connection, job_id):
            msg = Phrase(
                "job {job_id} has not been changed: {why_not}", job_id=job_id, why_not=why_not
            )
            raise NotAllowed(msg)
