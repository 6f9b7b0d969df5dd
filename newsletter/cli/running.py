"""Commands that keep a publication going: `run`, `serve`, `worker`, and `db …`."""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import structlog
import typer

from newsletter import migrations, settings
from newsletter.app import JOURNAL, App, clock
from newsletter.cli import logs
from newsletter.cli.next_steps import as_command, as_sentence
from newsletter.cli.opening import expected_errors, open_app
from newsletter.cli.show import Exit, console, fail, print_rows, say
from newsletter.pipeline.report import Level, Line
from newsletter.schedule import Ticker
from newsletter.store import numbers, upkeep
from newsletter.store.database import open_engine
from newsletter.store.people import erasure
from subscribers.journal import Journal, replay
from subscribers.model import Erased

commands = typer.Typer()
database = typer.Typer(no_args_is_help=True, help="Look after the database.")
commands.add_typer(database, name="db")

MARKS = {Level.OK: " ", Level.WAITS: "?", Level.FAILED: "!"}
CODES = {Level.OK: Exit.OK, Level.WAITS: Exit.WAITS, Level.FAILED: Exit.FAILED}
LOUDNESS = {Level.OK: logging.INFO, Level.WAITS: logging.WARNING, Level.FAILED: logging.ERROR}


@commands.command()
def run(
    *,
    wait: Annotated[
        bool, typer.Option("--wait", help="Stay for what an undo window or a spread holds back.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Make one pass over everything that is due; for cron.

    Collects, drafts, submits what is approved, reconciles, prints a report. Exit code 0: all is
    well; 3: something waits for a person; 1: something failed. Two passes at once are harmless.
    """
    with open_app() as app:
        patience = timedelta(days=2) if wait else timedelta(0)
        report = app.one_pass(None if as_json else _print_line, patience=patience)
    if as_json:
        print_rows(map(_row, report), (), as_json=True)
    elif not report:
        say("Nothing is due.")
    raise SystemExit(int(CODES[worst(report)]))


def worst(report: Iterable[Line]) -> Level:
    """Return the gravest level of a report: it decides the exit code."""
    return max((line.level for line in report), default=Level.OK)


def _print_line(line: Line) -> None:
    console.print(f"{MARKS[line.level]} {line.stage:<10} {line.message}", markup=False)
    if line.next_step is not None:
        console.print(f"{'':12} {as_sentence(line.next_step)}", markup=False)


def _row(line: Line) -> dict[str, str]:
    step = as_command(line.next_step) if line.next_step else ""
    return {
        "stage": line.stage,
        "level": line.level.name.lower(),
        "message": line.message,
        "next": step,
    }


@commands.command()
def serve() -> None:
    """Serve the pages and make a pass every 20 seconds.

    Ctrl-C or SIGTERM ends it; what is in progress is finished first.
    """
    logs.configure(logging.INFO)
    with open_app() as app:
        serve_until_stopped(app)


def serve_until_stopped(app: App) -> None:
    """Serve and tick until Ctrl-C or SIGTERM; a pass that runs is finished first."""
    # The web parts take as long to load as all the rest, and only this needs them.
    from newsletter.web.main import desk_site, public_site  # noqa: PLC0415
    from newsletter.web.serving import serving  # noqa: PLC0415

    _stop_on_signals(app.stop)
    settings = app.settings
    sites = [(public_site(app), settings.listen), (desk_site(app), settings.desk)]
    ticker = Ticker(told(app.one_pass))
    with serving(sites):
        say(f"Public pages  {app.publication.url}  (listening on {settings.listen})")
        say(f"Desk          http://{settings.desk}/")
        say("Ctrl-C ends it; what is in progress is finished first.")
        ticker.start(app.now())
        app.stop.wait()
        ticker.stop()


@commands.command()
def worker() -> None:
    """Make a pass every 20 seconds without serving pages.

    Ctrl-C or SIGTERM ends it. Any number of machines may work on one database.
    """
    logs.configure(logging.INFO)
    with open_app() as app:
        _stop_on_signals(app.stop)
        ticker = Ticker(told(app.one_pass))
        ticker.start(app.now())
        app.stop.wait()
        ticker.stop()


def told(one_pass: Callable[[], list[Line]]) -> Callable[[], None]:
    """Return a pass that logs its report; what the pass before said as well is not repeated."""
    log, before = structlog.get_logger(__name__), set[Line]()

    def tick() -> None:
        report = one_pass()
        for line in report:
            if line not in before:
                log.log(LOUDNESS[line.level], "pass", stage=line.stage, message=line.message)
        before.clear()
        before.update(report)

    return tick


def _stop_on_signals(stop: threading.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())


@database.command("upgrade")
def upgrade() -> None:
    """Bring the tables up to this version; safe to repeat."""
    with open_app() as app:
        say(f"The database is at revision {migrations.revision(app.engine) or 'none'}.")


@database.command("check")
def check() -> None:
    """Check that the database is whole and its tables are current."""
    with open_app() as app:
        problems = upkeep.problems(app.engine)
    if problems:
        fail("\n".join(problems))
    say("The database is whole, and its tables are this version's.")


@database.command("backup")
def backup(target: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Write a consistent copy of the SQLite database.

    Everything else may go on meanwhile.
    """
    with open_app() as app:
        upkeep.backup(app.engine, target)
    say(f"Written: {target}. Restore it with `newsletter db restore {target}`.")


@database.command("restore")
def restore(
    copy: Annotated[Path, typer.Argument(help="A file that `newsletter db backup` wrote.")],
) -> None:
    """Put a backup in the place of the database.

    Who has left since it was made is replayed. Stop every other process first. The copy is brought
    up to date beside the present database and takes its place only when it knows every departure,
    suppression and erasure of the journal. The present database is kept for a week.
    """
    with expected_errors():
        chosen = settings.load(Path.cwd(), os.environ)
        present = upkeep.file_of(chosen.database_url)
        staged = present.with_name(f"{present.name}.restoring")
        upkeep.copy_whole(copy, staged)
        engine = open_engine(f"sqlite:///{staged}")
        migrations.upgrade(engine)
        changed = _replay(engine, Journal(chosen.root / JOURNAL), chosen)
        engine.dispose()
        kept = upkeep.swap(staged, present)
    say(f"Restored from {copy}; {changed} departures and erasures since then were replayed.")
    if kept.exists():
        say(
            f"The database before is {kept}. It holds whoever was erased since the backup; it is"
            f" deleted after {upkeep.REPLACED_FOR.days} days."
        )


@database.command("replay")
def replay_journal() -> None:
    """Replay the departures onto a database restored by other means.

    Also after a copy was put back by hand: no number that a link or a file may have named since
    is given out again.
    """
    with open_app() as app:
        changed = _replay(app.engine, app.journal, app.settings)
    say(f"{changed} departures and erasures were replayed.")


def _replay(engine: sa.Engine, journal: Journal, chosen: settings.Settings) -> int:
    """Bring a restored database up to the journal, with mail and numbers; return what was news."""
    gone: list[Erased] = []
    with engine.begin() as connection:
        pepper, now = chosen.pepper, clock()
        changed = replay(connection, journal, pepper=pepper, now=now, erased=gone.append)
        for one in gone:
            erasure.erase(connection, one)
        numbers.skip(connection)
    for one in gone:
        erasure.erase_elsewhere(engine, chosen.outbox, one)
    return changed
