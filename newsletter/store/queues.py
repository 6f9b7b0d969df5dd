"""The engine's rows, as monitors and people see them: queues, and the jobs in them.

The tables are procrastinate's. They exist on PostgreSQL once a worker has run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.store.database import is_sqlite

NAMESPACE = "procrastinate"
TICK = "tick"
"""The queue of what adds the other jobs."""

_JOBS = f"""
    SELECT job.id, job.queue_name AS queue, job.status::text AS state,
           trim(concat(job.args->>'kind', ' ', job.args->>'key')) AS name, event.*
    FROM {NAMESPACE}.procrastinate_jobs job
    CROSS JOIN LATERAL (
        SELECT min(at) FILTER (WHERE type = 'deferred') AS added_at,
               max(at) FILTER (WHERE type = 'started') AS began_at,
               max(at) FILTER (WHERE type IN ('succeeded', 'failed')) AS ended_at
        FROM {NAMESPACE}.procrastinate_events WHERE job_id = job.id
    ) event
    WHERE job.queue_name <> '{TICK}'
"""  # noqa: S608 - two constants
_FIGURES = f"""
    SELECT queue,
           count(*) FILTER (WHERE state = 'todo') AS waiting,
           count(*) FILTER (WHERE state = 'doing') AS running,
           count(*) FILTER (WHERE state = 'failed') AS failed,
           extract(epoch FROM now() - min(added_at) FILTER (WHERE state = 'todo')) AS oldest,
           avg(extract(epoch FROM ended_at - began_at)) FILTER (WHERE ended_at > began_at) AS took
    FROM ({_JOBS}) job GROUP BY queue ORDER BY queue
"""  # noqa: S608 - a constant


_FAILED = f"""
    SELECT EXISTS (
        SELECT FROM {NAMESPACE}.procrastinate_jobs job
        JOIN {NAMESPACE}.procrastinate_events event ON event.job_id = job.id
        WHERE job.status = 'failed' AND job.queue_name <> ALL(:ignored)
        AND event.type = 'failed' AND event.at > now() - make_interval(secs => :seconds)
    )
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class QueueFigures:
    """One queue: jobs by state, the age of the oldest that waits, and how long a job took, in seconds.

    Finished jobs are those of the last hour, failed ones those of the last day.
    """

    queue: str
    waiting: int
    running: int
    failed: int
    oldest_seconds: float
    job_seconds: float


@dataclass(frozen=True, slots=True)
class QueuedJob:
    """One job. `state` is todo, doing, failed, succeeded or cancelled."""

    id: int
    queue: str
    name: str
    state: str
    added_at: datetime | None
    began_at: datetime | None
    ended_at: datetime | None


def exist(connection: sa.Connection) -> bool:
    """Return whether a worker has ever used queues on this database."""
    if is_sqlite(connection):
        return False
    name = f"{NAMESPACE}.procrastinate_jobs"
    return connection.scalar(sa.select(sa.func.to_regclass(name))) is not None


def figures(connection: sa.Connection) -> Sequence[QueueFigures]:
    """Return the figures of every queue that has jobs."""
    return [
        QueueFigures(
            row.queue,
            row.waiting,
            row.running,
            row.failed,
            float(row.oldest or 0),
            float(row.took or 0),
        )
        for row in connection.execute(sa.text(_FIGURES))
    ]


def listed(connection: sa.Connection, *, limit: int) -> Sequence[QueuedJob]:
    """Return the jobs that wait, run or failed, the newest first."""
    query = (
        f"{_JOBS} AND job.status IN ('todo', 'doing', 'failed') ORDER BY job.id DESC LIMIT :most"
    )
    return [
        QueuedJob(**row) for row in connection.execute(sa.text(query), {"most": limit}).mappings()
    ]


def find(connection: sa.Connection, job_id: int) -> QueuedJob | None:
    """Return a job, None if it does not exist."""
    query = sa.text(f"{_JOBS} AND job.id = :id")
    row = connection.execute(query, {"id": job_id}).mappings().first()
    return None if row is None else QueuedJob(**row)


def any_failed(connection: sa.Connection, seconds: float, ignored: Sequence[str]) -> bool:
    """Return whether a job failed in the last `seconds`, except in the queues that are ignored."""
    values = {"seconds": seconds, "ignored": list(ignored)}
    return bool(connection.scalar(sa.text(_FAILED), values))


def retry(connection: sa.Connection, job_id: int) -> bool:
    """Let a failed job wait again; return False if it has not failed, or the same job waits."""
    query = f"""
        UPDATE {NAMESPACE}.procrastinate_jobs job SET status = 'todo'
        WHERE id = :id AND status = 'failed' AND NOT EXISTS (
            SELECT 1 FROM {NAMESPACE}.procrastinate_jobs other
            WHERE other.queueing_lock = job.queueing_lock AND other.status = 'todo')
    """  # noqa: S608 - a constant
    return _changed(connection, query, job_id)


def cancel(connection: sa.Connection, job_id: int) -> bool:
    """Delete a job; return False if it does not wait and has not failed."""
    query = f"""
        DELETE FROM {NAMESPACE}.procrastinate_jobs
        WHERE id = :id AND status IN ('todo', 'failed')
    """  # noqa: S608 - a constant
    return _changed(connection, query, job_id)


def _changed(connection: sa.Connection, statement: str, job_id: int) -> bool:
    # The engine's triggers name its tables without their namespace.
    connection.exec_driver_sql(f"SET LOCAL search_path TO {NAMESPACE}")
    return connection.execute(sa.text(statement), {"id": job_id}).rowcount == 1
