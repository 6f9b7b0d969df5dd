"""The workers that are running, each with one row that it writes itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.store.database import upsert
from newsletter.store.pass_tables import workers

SILENT = timedelta(minutes=1)
"""A worker that has not written its row for this long has stopped responding."""
FORGOTTEN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Doing:
    """What a worker is doing, by the name of the job, and since when."""

    what: str
    since: datetime


@dataclass(frozen=True, slots=True)
class WorkerRow:
    """A worker: its machine and process, its queues, how many jobs it does at once, and which now."""

    name: str
    queues: tuple[str, ...]
    jobs: int
    since: datetime
    seen_at: datetime
    doing: tuple[Doing, ...] = ()

    def responds(self, now: datetime) -> bool:
        """Return whether the worker has shown a sign of life lately."""
        return now - self.seen_at < SILENT


def save(connection: sa.Connection, row: WorkerRow) -> None:
    """Write the row of a worker, and forget workers that have been silent for a day."""
    values = {
        "name": row.name,
        "queues": ",".join(row.queues),
        "jobs": row.jobs,
        "since": row.since,
        "seen_at": row.seen_at,
        "doing": [{"what": each.what, "since": each.since.isoformat()} for each in row.doing],
    }
    statement = upsert(connection, workers).values(values)
    connection.execute(
        statement.on_conflict_do_update(index_elements=[workers.c.name], set_=values)
    )
    connection.execute(workers.delete().where(workers.c.seen_at < row.seen_at - FORGOTTEN))


def delete(connection: sa.Connection, name: str) -> None:
    """Delete the row of a worker that has ended."""
    connection.execute(workers.delete().where(workers.c.name == name))


def every(connection: sa.Connection) -> Sequence[WorkerRow]:
    """Return every worker, by name."""
    rows = connection.execute(sa.select(workers).order_by(workers.c.name))
    return [
        WorkerRow(
            row.name,
            tuple(row.queues.split(",")),
            row.jobs,
            row.since,
            row.seen_at,
            tuple(Doing(each["what"], datetime.fromisoformat(each["since"])) for each in row.doing),
        )
        for row in rows
    ]
