"""`newsletter db …`: upgrade, check, back up, restore and move the database."""

import os
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from newsletter import migrations, settings
from newsletter.cli.opening import current_user, expected_errors, open_app
from newsletter.cli.show import fail, say
from newsletter.clock import clock
from newsletter.maintenance import journals, restoring
from newsletter.maintenance.history import History
from newsletter.maintenance.journals import Journals
from newsletter.migrations import moving
from newsletter.pipeline.report import counted
from newsletter.send import recovery
from newsletter.send.journal import FOLDER as SUBMISSIONS
from newsletter.send.journal import SubmissionJournal
from newsletter.settings import Settings
from newsletter.usecases import keeping, sending
from subscribers.journal import Journal

commands = typer.Typer()
database = typer.Typer(
    no_args_is_help=True, help="Upgrade, check, back up, restore and move the database."
)
commands.add_typer(database, name="db")


@database.command()
def upgrade() -> None:
    """Bring the tables up to this version; safe to repeat."""
    with open_app() as app:
        say(f"The database is at revision {migrations.revision(app.engine) or 'none'}.")


@database.command()
def check(
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Count again what differs from its rows.")
    ] = False,
) -> None:
    """Check that the database is whole and its counters agree."""
    with open_app() as app:
        if repair:
            repaired, problems = keeping.repair(app.context, current_user())
            say(f"{counted(repaired, 'counter')} repaired.")
        else:
            problems = keeping.check(app.context, current_user())
    if problems:
        fail("\n".join(problems))
    say("The database is whole, its tables are up to date, and its counters agree.")


@database.command()
def backup(
    target: Annotated[
        Path, typer.Argument(help="The file to write; with --keep, the folder to write into.")
    ],
    *,
    keep: Annotated[
        int,
        typer.Option(
            min=0, help="Name the copy by the time, and delete all but so many of the newest."
        ),
    ] = 0,
) -> None:
    """Write a consistent copy of the SQLite database, and check it.

    Other commands may run at the same time.
    """
    with open_app() as app:
        copy = target
        if keep:
            copy = keeping.back_up_into(app.context, current_user(), target, keep)
        else:
            keeping.back_up(app.context, current_user(), target)
    say(f"Written: {copy}. Restore it with `newsletter db restore {copy}`.")


@database.command()
def restore(
    copy: Annotated[Path, typer.Argument(help="A file that `newsletter db backup` wrote.")],
) -> None:
    """Put a backup in the place of the database.

    Stop every other process first. Unsubscribes, suppressions and deletions since the backup are
    applied from the journal before the copy takes its place. The present database is kept for a
    week. No issue is sent until you release it.
    """
    with expected_errors():
        chosen = settings.load(Path.cwd(), os.environ)
        journal = Journal(chosen.root / journals.FILE)
        beside = Journals(journal, chosen.pepper, chosen.outbox, clock)
        done = restoring.restore(
            copy,
            chosen.database_url,
            migrations.upgrade,
            lambda engine: _catch_up(engine, chosen, beside),
        )
    say(f"Restored from {copy}. {_applied(done.replayed)}")
    say(
        "No issue is sent until you have looked at `newsletter issues` and run `newsletter db release`."
    )
    if done.kept is not None:
        days = restoring.REPLACED_FOR.days
        say(
            f"The replaced database is {done.kept}. It holds the data of people who were deleted"
            f" since the backup, so it is deleted after {days} days."
        )


def _catch_up(engine: sa.Engine, chosen: Settings, beside: Journals) -> int:
    """Bring a copy up to date, and say what that means before it becomes the database."""
    number = journals.replay_all(engine, beside)
    folder = chosen.root / SUBMISSIONS
    with engine.begin() as connection:
        for message in History(folder).check(connection, clock()):
            say(f"The copy does not know: {message}.")
        findings = recovery.recover(
            connection, chosen.publication, SubmissionJournal(folder), now=clock()
        )
    for finding in findings:
        say(f"{finding.message[0].upper()}{finding.message[1:]}.")
    return number


@database.command()
def move(
    url: Annotated[
        str, typer.Argument(metavar="URL", help="An empty database: postgresql://USER@HOST/NAME.")
    ],
) -> None:
    """Move everything from SQLite into an empty PostgreSQL database.

    Stop every other process first. Repeat the command if it was interrupted: it continues, and compares
    every row at the end. After that the SQLite file cannot be opened any more.
    """
    with expected_errors():
        chosen = settings.load(Path.cwd(), os.environ)
        moved = moving.move(
            chosen.database_url, url, lambda table, rows: say(f"  {table:<20} {rows:>12,}")
        )
    say(f"{moved.rows:,} rows of {moved.tables} tables were copied and compared.")
    say("Set NEWSLETTER_DATABASE_URL in .env to the new address before you start a process.")


@database.command()
def release() -> None:
    """Let issues be sent again after a restore.

    Look first at `newsletter issues` and at what `newsletter run` reports.
    """
    with open_app() as app:
        held = sending.release(app.context, current_user())
    say("Issues are sent again." if held else "Sending was not held.")


@database.command()
def replay(
    *,
    hold: Annotated[
        bool, typer.Option("--hold", help="Send no issue until `newsletter db release`.")
    ] = False,
) -> None:
    """Apply the journal to a database that was restored by other means.

    Also use it after a copy was put back by hand: no number that a link or a file may have named
    since is given out again. With workers on several machines, use it on each of them.
    """
    with open_app() as app:
        if hold:
            sending.hold(app.context, current_user())
        number = _catch_up(app.engine, app.settings, app.journals)
    say(_applied(number))
    if hold:
        say("No issue is sent until you run `newsletter db release`.")


def _applied(number: int) -> str:
    entries = counted(number, "unsubscribe or deletion", "unsubscribes or deletions")
    return f"{entries} applied from the journal."
