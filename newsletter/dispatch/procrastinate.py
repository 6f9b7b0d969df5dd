"""Run jobs with procrastinate: workers on many machines share the jobs of one PostgreSQL.

The engine decides who does a job and when. What is due is decided by the rows of the program: a
tick reads them and adds the jobs that are missing. So the engine never repeats a job. One that
failed, was lost, or belonged to a dead worker is added again by the next tick if it is still due,
with the pauses that the rows prescribe.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import procrastinate
import sqlalchemy as sa
import structlog
from procrastinate import exceptions
from procrastinate.job_context import JobContext
from procrastinate.jobs import DeleteJobCondition, Status
from procrastinate.jobs import Job as Entry
from procrastinate.manager import JobManager
from procrastinate.schema import SchemaManager
from typing_extensions import override

from newsletter.dispatch.engine_schema import install
from newsletter.dispatch.pauses import Pauses
from newsletter.errors import NewsletterError
from newsletter.pipeline.jobs import Job, Kind
from newsletter.store.database import TO_SERVER
from newsletter.store.queues import NAMESPACE, TICK
from newsletter.usecases.sending import LANE

TICK_PRIORITY = 100
HASTE = "synchronous_commit=off"
"""Jobs are not worth waiting for the disk: those that a crash of the server takes are added again."""
EVERY = "* * * * * */20"
"""When the rows are read: every 20 seconds. The sixth field of this cron expression is seconds."""
SILENT = 30.0
"""Seconds without a sign of life after which the jobs of a worker are given up."""
LOOK_EVERY = 0.5
"""Seconds between two looks at whether to stop. Each of them takes time from the thread that sends."""
LONGEST_PAUSE = 15.0
"""Seconds before the engine is started again."""
KEPT_HOURS = 1
"""How long finished jobs are kept, for the figures."""
FAILED_KEPT_HOURS = 24
PATIENCE = 60
"""Seconds in which the end of a job is reported, while the database does not answer."""
MOST_ROUNDS = 6
"""How often `run_once` reads the rows: collected, drafted, approved, frozen, sent, reported."""

log = structlog.get_logger(__name__)


class EngineStopped(NewsletterError):  # noqa: N818 - named for what happened
    """The engine lost its database while it did what was due."""


class JobFailed(Exception):  # noqa: N818 - named for what happened
    """A step of a job reported a failure; the engine shows the job as failed."""


@dataclass(frozen=True, slots=True)
class Office:
    """What the engine is for: which jobs are due, how one is done, and when to stop.

    `work` returns whether the job succeeded. `ticked` is called when what is due has been added.
    """

    due: Callable[[], Sequence[Job]]
    work: Callable[[Job], bool]
    stop: threading.Event
    ticked: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Capacity:
    """Which queues a worker serves, and how many of their jobs at once."""

    queues: tuple[str, ...]
    jobs: int


class Engine:
    """One worker process. `url` leads to the server itself, because the engine listens."""

    def __init__(self, url: sa.URL, office: Office, capacity: Capacity) -> None:
        """Prepare; nothing connects before `run`."""
        self._office, self._capacity = office, capacity
        self._threads = ThreadPoolExecutor(capacity.jobs + 1, "job")
        connector = procrastinate.PsycopgConnector(
            conninfo=url.set(drivername="postgresql").render_as_string(hide_password=False),
            kwargs={**TO_SERVER, "options": f"-c search_path={NAMESPACE} -c {HASTE}"},
            min_size=1,
            max_size=3,
        )
        self._app = procrastinate.App(connector=connector)
        self._app.job_manager = _Patient(connector)
        self._app.task(name="work", pass_context=True)(self._work)
        # No lock: a tick whose worker died would keep it, and only a tick gives up such jobs.
        tick = self._app.task(name=TICK, queue=TICK, queueing_lock=TICK, priority=TICK_PRIORITY)(
            self._tick
        )
        self._app.periodic(cron=EVERY)(tick)

    @staticmethod
    def install(engine: sa.Engine) -> None:
        """Create the engine's tables, or replace those of another version."""
        install(engine, SchemaManager.get_schema())

    def run(self) -> None:
        """Do jobs until told to stop; what is in progress is finished first."""
        _silence()
        asyncio.run(self._until_stopped())
        self._threads.shutdown()

    def run_once(self) -> None:
        """Do everything that is due now. Raises EngineStopped if the database fails."""
        _silence()
        try:
            asyncio.run(self._until_empty())
        except exceptions.ConnectorException as error:
            msg = "the database failed; run the command again, which does the rest"
            raise EngineStopped(msg) from error
        finally:
            self._threads.shutdown()

    async def _until_stopped(self) -> None:
        pauses = Pauses(LONGEST_PAUSE)
        while not self._office.stop.is_set():
            began = time.monotonic()
            working = asyncio.ensure_future(self._opened(self._serve))
            stopping = asyncio.ensure_future(self._stop_is_set())
            await asyncio.wait([working, stopping], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if self._office.stop.is_set():
                working.cancel()  # which the engine takes as a wish to finish
            try:
                await working
            except asyncio.CancelledError:
                return
            except Exception as error:  # noqa: BLE001 - the worker goes on after any error
                # The server restarts, or someone emptied the tables of the engine.
                log.warning("engine ended; it is started again", problem=type(error).__name__)
            await self._wait(pauses.after(time.monotonic() - began))

    async def _until_empty(self) -> None:
        async def rounds() -> None:
            before, rounds_left = None, MOST_ROUNDS
            while rounds_left:
                queues = self._capacity.queues
                due = [job for job in await self._tick() if job.rule.queue in queues]
                if not due:
                    return
                chunks = {job.name for job in due if job.kind is Kind.CHUNK}
                # A round applies a chunk of each import, so that a long list takes many.
                if not chunks or chunks == before:
                    rounds_left -= 1
                before = chunks
                await self._serve(wait=False)

        await self._opened(rounds)

    async def _opened(self, act: Callable[[], Awaitable[None]]) -> None:
        async with self._app.open_async():
            await act()

    async def _serve(self, *, wait: bool = True) -> None:
        await self._app.run_worker_async(
            queues=[TICK, *self._capacity.queues],
            concurrency=self._capacity.jobs,
            wait=wait,
            install_signal_handlers=False,
            delete_jobs=DeleteJobCondition.NEVER,
            stalled_worker_timeout=SILENT,
        )

    async def _stop_is_set(self) -> None:
        while not self._office.stop.is_set():  # noqa: ASYNC110 - signal handlers set this event
            await asyncio.sleep(LOOK_EVERY)

    async def _wait(self, seconds: float) -> None:
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._stop_is_set(), seconds)

    async def _tick(self, timestamp: int = 0) -> list[Job]:  # noqa: ARG002 - the engine passes it
        """Give up the jobs of dead workers, and add every job that is due and not there."""
        manager = self._app.job_manager
        for stalled in await manager.get_stalled_jobs(seconds_since_heartbeat=SILENT):
            await manager.finish_job(stalled, Status.ABORTED, delete_job=True)
        await manager.delete_old_jobs(nb_hours=KEPT_HOURS)
        await manager.delete_old_jobs(
            nb_hours=FAILED_KEPT_HOURS, include_failed=True, include_cancelled=True
        )
        try:
            due = await self._in_thread(self._office.due)
        except sa.exc.DBAPIError as error:
            log.warning("nothing was added: the database failed", problem=type(error).__name__)
            raise
        except Exception:
            log.exception("nothing was added: what is due could not be read")
            raise
        await self._add(due)
        await self._in_thread(self._office.ticked)
        return list(due)

    async def _add(self, due: Sequence[Job]) -> None:
        manager = self._app.job_manager
        present = {
            entry.queueing_lock
            for status in (Status.TODO, Status.DOING)
            for entry in await manager.list_jobs_async(status=status.value)
        }
        missing = [_entry(job) for job in due if job.name not in present]
        if missing:
            # If another tick was faster, the next one looks again.
            with suppress(exceptions.AlreadyEnqueued):
                await manager.batch_defer_jobs_async(missing)

    async def _work(self, context: JobContext, kind: str, key: str) -> None:
        job, began = Job(Kind(kind), key), time.monotonic()
        good = await self._in_thread(lambda: self._office.work(job))
        # A lane that ended sooner could do nothing: the provider does not answer, or waits.
        made_room = time.monotonic() - began >= LANE.total_seconds() - 1
        if good and not self._office.stop.is_set():
            if job.kind is Kind.LANE and made_room:
                await self._continue(job)
            elif job.kind is Kind.CHUNK:
                await self._go_on_importing()
        if not good:
            raise JobFailed(context.job.call_string)

    async def _continue(self, lane: Job) -> None:
        """Add a lane again that made room for more urgent work before it was done."""
        due = await self._in_thread(self._office.due)
        if lane in due:
            with suppress(exceptions.AlreadyEnqueued):
                await self._app.job_manager.batch_defer_jobs_async([_entry(lane)])

    async def _go_on_importing(self) -> None:
        """Add the next chunk of each import, without waiting for the next tick."""
        due = await self._in_thread(self._office.due)
        await self._add([job for job in due if job.kind is Kind.CHUNK])

    async def _in_thread(self, act: Callable[[], Any]) -> Any:  # noqa: ANN401 - what `act` returns
        return await asyncio.get_running_loop().run_in_executor(self._threads, act)


class _Patient(JobManager):
    """Reports the end of a job even if the database does not answer at once.

    A job whose end was not reported would block its turn as long as its worker lives.
    """

    @override
    async def finish_job_by_id_async(self, job_id: int, status: Status, delete_job: bool) -> None:
        for _ in range(PATIENCE):
            try:
                await super().finish_job_by_id_async(job_id, status, delete_job)
            except exceptions.ConnectorException as error:
                if "not found" in str(error.__cause__):
                    return  # another worker took this one for dead, or the tables were emptied
                await asyncio.sleep(1)
            else:
                return


def _silence() -> None:
    """Keep the engine and its driver quiet: the worker reports what ends it."""
    for name in ("procrastinate", "psycopg"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _entry(job: Job) -> Entry:
    return Entry(
        id=None,
        status=None,
        queue=job.rule.queue.value,
        priority=job.rule.priority,
        lock=job.turn or job.name,
        queueing_lock=job.name,
        task_name="work",
        task_kwargs={"kind": job.kind.value, "key": job.key},
    )
