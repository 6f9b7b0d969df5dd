"""The workers of all machines, what each of them is doing, and the jobs that wait for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response

from newsletter.collect.health import Tone
from newsletter.render.catalog import Catalog
from newsletter.store.queues import QueuedJob, QueueFigures
from newsletter.store.workers import WorkerRow
from newsletter.usecases import working
from newsletter.web.desk import sentences
from newsletter.web.desk.gate import Admin, Editor, Gate
from newsletter.web.desk.shell import Heading, Shell

SHOWN = 100
"""How many jobs are listed, the newest first."""
STATES: dict[str, tuple[str, Tone]] = {
    "todo": ("desk.workers.waits", "soft"),
    "doing": ("desk.workers.running", "good"),
    "failed": ("desk.workers.failed", "bad"),
}


@dataclass(frozen=True, slots=True)
class WorkerView:
    """A worker; `doing` are its jobs, each with how long it has been at it."""

    name: str
    status: str
    tone: Tone
    since: str
    queues: str
    doing: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class QueueView:
    """The figures of one queue; `oldest` and `took` are spans of time."""

    name: str
    waiting: str
    oldest: str
    running: str
    failed: str
    took: str


@dataclass(frozen=True, slots=True)
class JobView:
    """A job. It can be retried if it failed, and cancelled unless it is running."""

    number: int
    queue: str
    name: str
    state: str
    tone: Tone
    since: str
    may_retry: bool
    may_cancel: bool


@dataclass(frozen=True, slots=True)
class WorkersView:
    """Everything on the page."""

    workers: tuple[WorkerView, ...]
    queues: tuple[QueueView, ...]
    jobs: tuple[JobView, ...]


class WorkerPages:
    """The page of workers, and what an admin may do with a job."""

    def __init__(self, shell: Shell, gate: Gate) -> None:
        """Take the frame and the gate."""
        self._shell = shell
        self._context = gate.context

    def show(self, visitor: Editor) -> Response:
        """Show what every worker is doing, the queues, and their jobs."""
        catalog, context = self._shell.catalog(visitor), self._context
        now, zone = context.now(), context.publication.timezone
        view = WorkersView(
            tuple(_worker(row, now, zone, catalog) for row in working.workers_now(context)),
            tuple(_queue(figures, catalog) for figures in working.queue_figures(context)),
            _jobs(working.jobs(context, limit=SHOWN), zone, catalog),
        )
        text = catalog.text
        heading = Heading("Today", text("desk.workers.title"), text("desk.workers.lead"))
        return self._shell.page("workers/list", heading, view, visitor)

    def retry(self, visitor: Admin, job_id: int) -> Response:
        """Let a failed job be done again."""
        working.retry(self._context, visitor.actor, job_id)
        return RedirectResponse("/workers", status_code=303)

    def cancel(self, visitor: Admin, job_id: int) -> Response:
        """Delete a job that waits or failed."""
        working.cancel(self._context, visitor.actor, job_id)
        return RedirectResponse("/workers", status_code=303)


def _worker(row: WorkerRow, now: datetime, zone: tzinfo, catalog: Catalog) -> WorkerView:
    responds = row.responds(now)
    return WorkerView(
        row.name,
        catalog.text("desk.workers.running" if responds else "desk.workers.silent"),
        "good" if responds else "bad",
        sentences.stamp(row.since, zone),
        ", ".join(row.queues),
        tuple(
            (each.what, _span((now - each.since).total_seconds(), catalog)) for each in row.doing
        ),
    )


def _queue(figures: QueueFigures, catalog: Catalog) -> QueueView:
    number = catalog.number
    return QueueView(
        figures.queue,
        number(figures.waiting),
        _span(figures.oldest_seconds, catalog) if figures.waiting else "–",
        number(figures.running),
        number(figures.failed),
        catalog.text("desk.workers.took", seconds=f"{figures.job_seconds:.1f}"),
    )


def _jobs(jobs: Sequence[QueuedJob], zone: tzinfo, catalog: Catalog) -> tuple[JobView, ...]:
    views = []
    for job in jobs:
        key, tone = STATES[job.state]
        since = {"todo": job.added_at, "doing": job.began_at}.get(job.state, job.ended_at)
        views.append(
            JobView(
                job.id,
                job.queue,
                job.name,
                catalog.text(key),
                tone,
                sentences.stamp(since, zone) if since else "–",
                may_retry=job.state == "failed",
                may_cancel=job.state != "doing",
            )
        )
    return tuple(views)


def _span(seconds: float, catalog: Catalog) -> str:
    """Write a span of time, in seconds if it is less than a minute."""
    if seconds >= 60:  # noqa: PLR2004 - a minute
        return sentences.distance(timedelta(seconds=seconds), catalog)
    return catalog.count("desk.workers.seconds", max(0, round(seconds)))


def worker_routes(pages: WorkerPages) -> APIRouter:
    """Return the routes of the workers."""
    router = APIRouter()
    router.add_api_route("/workers", pages.show, methods=["GET", "HEAD"], response_model=None)
    for path, act in (
        ("/workers/jobs/{job_id:int}/retry", pages.retry),
        ("/workers/jobs/{job_id:int}/cancel", pages.cancel),
    ):
        router.add_api_route(path, act, methods=["POST"], response_model=None)
    return router
