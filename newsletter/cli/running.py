"""`newsletter run` and `serve`: make passes."""

import logging
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated

import structlog
import typer

from newsletter.app import App
from newsletter.cli import apart, logs
from newsletter.cli.next_steps import as_command, as_sentence
from newsletter.cli.opening import open_app, stop_on_signals
from newsletter.cli.show import Exit, fail, print_rows, say
from newsletter.dispatch.beside import Siblings
from newsletter.dispatch.heartbeat import Heartbeat
from newsletter.model.pass_report import WHOLE
from newsletter.pipeline.report import Level, Line
from newsletter.usecases import signing_in, working

if TYPE_CHECKING:
    from newsletter.schedule import Ticker

commands = typer.Typer()

MARKS = {Level.OK: " ", Level.WAITS: "?", Level.FAILED: "!"}
CODES = {Level.OK: Exit.OK, Level.WAITS: Exit.WAITS, Level.FAILED: Exit.FAILED}
MOST_SENDERS = 64
_SENDER = (sys.executable, "-P", "-m", "newsletter", "worker", "--beside")
LOUDNESS = {Level.OK: logging.INFO, Level.WAITS: logging.WARNING, Level.FAILED: logging.ERROR}


@commands.command()
def run(
    *,
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Wait for issues that an undo window or a spread holds back."),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Make one pass over everything that is due; for cron.

    Collects, drafts, sends what is approved, and prints a report. Exit code 0: OK; 3: something
    waits for a person; 1: something failed. Two passes at once are harmless.
    """
    with open_app() as app:
        patience = timedelta(days=2) if wait else timedelta(0)
        tick = watched(
            WHOLE,
            lambda: app.one_pass(None if as_json else print_line, patience=patience),
            Heartbeat(app.settings.heartbeat_url),
            app.now,
        )
        report = tick()
    if as_json:
        print_rows(map(_row, report), (), as_json=True)
    elif not report:
        say("Nothing is due.")
    raise SystemExit(int(CODES[worst(report)]))


def worst(report: Iterable[Line]) -> Level:
    """Return the most serious level of a report: it decides the exit code."""
    return max((line.level for line in report), default=Level.OK)


def print_line(line: Line) -> None:
    """Print a line of a report, and what a person may do next."""
    say(f"{MARKS[line.level]} {line.stage:<10} {line.message}")
    if line.next_step is not None:
        say(f"{'':12} {as_sentence(line.next_step)}")


def _row(line: Line) -> dict[str, str]:
    step = as_command(line.next_step) if line.next_step else ""
    return {
        "stage": line.stage,
        "level": line.level.name.lower(),
        "message": line.message,
        "next": step,
    }


@commands.command()
def serve(
    *,
    senders: Annotated[
        str,
        typer.Option(
            "--senders",
            metavar="N",
            help="Send in N processes beside this one; auto is one per core.",
        ),
    ] = "0",
    no_work: Annotated[
        bool,
        typer.Option("--no-work", help="Only serve the pages: workers do everything else."),
    ] = False,
) -> None:
    """Serve the pages and make a pass every 20 seconds.

    Ctrl-C or SIGTERM stops it; it finishes what is in progress first.
    """
    logs.configure(logging.INFO)
    number = _number_of(senders)
    if no_work and number:
        fail("--no-work and --senders exclude each other.", Exit.USAGE)
    with open_app() as app:
        root = app.settings.root
        lean = replace(
            app, collector=partial(apart.collect, root), prober=partial(apart.probe, root)
        )
        parts = {"host": partial(_only_host, app)} if no_work else lean.parts(sending=not number)
        serve_until_stopped(lean, parts, senders=number)


def _only_host(app: App) -> list[Line]:
    """Do the work of this host, and report if no worker responds to do the rest."""
    report, now = app.look_after_host(), app.now()
    if not any(row.responds(now) for row in working.workers_now(app.context)):
        message = "no worker responds: nothing is collected, drafted or sent"
        advice = "start `newsletter worker` on a machine"
        report = [*report, Line("workers", f"{message}; {advice}", Level.FAILED)]
    return report


def _number_of(senders: str) -> int:
    if senders == "auto":
        return os.cpu_count() or 1
    if not senders.isascii() or not senders.isdigit() or int(senders) > MOST_SENDERS:
        fail(f"--senders must be a number up to {MOST_SENDERS}, or auto.", Exit.USAGE)
    return int(senders)


def serve_until_stopped(
    app: App, parts: Mapping[str, Callable[[], list[Line]]], *, senders: int = 0
) -> None:
    """Serve pages and make passes until Ctrl-C or SIGTERM; a running pass is finished first.

    `parts` are the parts of a pass, each of which is made every 20 seconds.
    With `senders`, so many other processes send. They end with this one, even if it is killed.
    """
    # The web parts take as long to import as all the rest.
    from newsletter.web.main import (  # noqa: PLC0415 - only this command needs them
        desk_access,
        desk_site,
        public_site,
    )
    from newsletter.web.serving import serving  # noqa: PLC0415 - as above

    stop_on_signals(app.stop)
    settings = app.settings
    access = desk_access(app)
    desk = desk_site(app, access, lambda link: say(f"Desk, in another browser: {link}"))
    sites = [(public_site(app), settings.listen), (desk, settings.desk)]
    beat = Heartbeat(app.settings.heartbeat_url)
    ticker = ticker_of({name: watched(name, part, beat, app.now) for name, part in parts.items()})
    sending = Siblings([*_SENDER, "--processes", str(senders)], senders)
    with serving(sites):
        say(f"Public pages  {app.publication.url}  (listening on {settings.listen})")
        say(f"Desk          {_way_in(app, access.link)}")
        say("Press Ctrl-C to stop; what is in progress is finished first.")
        ticker.start(app.now())
        sending.start()
        app.stop.wait()
        sending.stop()
        ticker.stop()


def _way_in(app: App, link: str) -> str:
    """Return how the desk opens: by signing in, or without staff by a link."""
    if signing_in.staffed(app.context):
        return f"{app.settings.desk_origin}/  (sign in with your email address)"
    return f"{link}  (this link works once)"


def ticker_of(parts: Mapping[str, Callable[[], list[Line]]]) -> "Ticker":
    """Return what makes these passes every 20 seconds, and logs their reports."""
    from newsletter.schedule import Ticker  # noqa: PLC0415 - `run` does without

    return Ticker({name: logged(part) for name, part in parts.items()})


def watched(
    part: str, one_pass: Callable[[], list[Line]], heartbeat: Heartbeat, now: Callable[[], datetime]
) -> Callable[[], list[Line]]:
    """Return a pass that pings the dead-man's switch with its result."""
    log = structlog.get_logger(__name__)

    def tick() -> list[Line]:
        good = False
        try:
            report = one_pass()
            good = worst(report) is not Level.FAILED
        finally:
            if problem := heartbeat.beat(part, now(), good=good):
                log.warning("heartbeat not sent", problem=problem)
        return report

    return tick


def logged(one_pass: Callable[[], list[Line]]) -> Callable[[], None]:
    """Return a pass that logs its report, without the lines that the pass before had too."""
    log, before = structlog.get_logger(__name__), set[Line]()

    def tick() -> None:
        report = one_pass()
        for line in report:
            if line not in before:
                log.log(LOUDNESS[line.level], "pass", stage=line.stage, message=line.message)
        before.clear()
        before.update(report)

    return tick
