"""`newsletter worker`: do a share of the work of a pass, on as many machines as you like."""

import logging
import os
import socket
import sys
import threading
from functools import partial
from importlib.util import find_spec
from typing import Annotated

import sqlalchemy as sa
import structlog
import typer

from newsletter.app import App
from newsletter.cli import logs
from newsletter.cli.opening import open_app, stop_on_signals
from newsletter.cli.running import CODES, logged, print_line, ticker_of, worst
from newsletter.cli.show import Exit, fail
from newsletter.dispatch.heartbeat import report
from newsletter.model.actor import MACHINE
from newsletter.pipeline.jobs import Job, Queue
from newsletter.pipeline.report import Level, Line
from newsletter.store.database import is_sqlite
from newsletter.store.workers import WorkerRow
from newsletter.usecases import working

commands = typer.Typer()

MOST_JOBS = 64


@commands.command()
def worker(
    *,
    queues: Annotated[
        str,
        typer.Option(
            "--queues",
            metavar="NAMES",
            help=f"Do only the jobs of these queues: {','.join(Queue)}.",
        ),
    ] = "",
    concurrency: Annotated[
        int | None,
        typer.Option(
            "--concurrency", metavar="N", min=1, max=MOST_JOBS, help="Do N jobs at once (4)."
        ),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Do what is due now, report, and end.")
    ] = False,
    processes: Annotated[
        int | None,
        typer.Option(
            "--processes",
            metavar="N",
            min=1,
            help="Only send, as one of N processes that share the connections to a provider.",
        ),
    ] = None,
    beside: Annotated[
        bool, typer.Option("--beside", hidden=True, help="End when standard input is closed.")
    ] = False,
) -> None:
    """Do a share of the work, on as many machines as you like.

    On PostgreSQL, workers share the jobs of all queues. On SQLite, a worker sends what is approved,
    and nothing else. Ctrl-C or SIGTERM stops it; it finishes what is in progress first.
    """
    logs.configure(logging.WARNING if once else logging.INFO)
    with open_app(processes or 1) as app:
        stop_on_signals(app.stop)
        wanted = _queues(queues)
        if wanted or concurrency:
            _require_engine(app)
        if beside or processes or not _has_engine(app):
            code = _send(app, once=once, beside=beside)
        else:
            code = _share(app, wanted or tuple(Queue), concurrency or 4, once=once)
    raise SystemExit(int(code))


def _queues(written: str) -> tuple[Queue, ...]:
    names = [name.strip() for name in written.split(",") if name.strip()]
    if unknown := [name for name in names if name not in set(Queue)]:
        fail(f"There is no queue “{unknown[0]}”. Queues: {', '.join(Queue)}.", Exit.USAGE)
    return tuple(dict.fromkeys(map(Queue, names)))


def _require_engine(app: App) -> None:
    if is_sqlite(app.engine):
        fail(
            "Queues need PostgreSQL, because SQLite is for one machine. Set NEWSLETTER_DATABASE_URL,"
            " or use `newsletter serve --senders auto`.",
            Exit.USAGE,
        )
    if not _has_engine(app):
        fail("Queues need procrastinate: pip install 'newsletter[postgres]'", Exit.USAGE)


def _has_engine(app: App) -> bool:
    return not is_sqlite(app.engine) and find_spec("procrastinate") is not None


def _send(app: App, *, once: bool, beside: bool) -> Exit:
    """Send what is approved, and nothing else."""
    if once:
        return CODES[worst(app.send_only(print_line))]
    if beside:
        threading.Thread(target=_stop_at_end_of_input, args=(app.stop,), daemon=True).start()
    ticker = ticker_of({"send": app.send_only})
    ticker.start(app.now())
    app.stop.wait()
    ticker.stop()
    return Exit.OK


def _stop_at_end_of_input(stop: threading.Event) -> None:
    """Stop when the process that holds the other end of standard input ends, however it ends."""
    while sys.stdin.buffer.read(4096):
        pass
    stop.set()


def _ticked(app: App) -> None:
    """Record that what is due was added, and ping the dead-man's switch if it is our turn."""
    url = app.settings.heartbeat_url
    tick = working.record_tick(app.context, MACHINE, pings=bool(url))
    if tick.reports and (problem := report(url, good=tick.good)):
        working.take_back(app.context, MACHINE, tick)
        structlog.get_logger(__name__).warning("heartbeat not sent", problem=problem)


def _share(app: App, queues: tuple[Queue, ...], jobs: int, *, once: bool) -> Exit:
    """Do the jobs of these queues, so many at once."""
    from newsletter.dispatch.lifesign import LifeSign  # noqa: PLC0415 - only this command needs it
    from newsletter.dispatch.procrastinate import (  # noqa: PLC0415 - as above
        Capacity,
        Engine,
        Office,
    )

    now = app.now()
    name = f"{socket.gethostname()}:{os.getpid()}"
    life_sign = LifeSign(app.engine, WorkerRow(name, queues, jobs, now, now), app.now)
    lines: list[Line] = []

    def work(job: Job) -> bool:
        with life_sign.doing(job.name):
            report = app.work(job)
        if once:
            lines.extend(report)
        else:
            logged(lambda: report)()
        return worst(report) is not Level.FAILED

    engine = Engine(
        sa.make_url(app.settings.direct_url or app.settings.database_url),
        Office(app.jobs_due, work, app.stop, partial(_ticked, app)),
        Capacity(queues, jobs),
    )
    Engine.install(app.engine)
    app.look_after_host()
    host = ticker_of({"host": app.look_after_host})
    host.start(app.now())
    try:
        with life_sign.shown():
            if once:
                engine.run_once()
            else:
                engine.run()
    finally:
        host.stop()
    for line in dict.fromkeys(lines):
        print_line(line)
    return CODES[worst(lines)]
