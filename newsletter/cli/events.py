"""`newsletter events …`."""

from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import say
from newsletter.pipeline.report import counted
from newsletter.usecases import events

commands = typer.Typer()
group = typer.Typer(help="Take in events that a provider exported.", no_args_is_help=True)
commands.add_typer(group, name="events")


@group.callback()
def describe() -> None:
    """Take in events that a provider exported."""


@group.command()
def replay(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="A JSON array, or JSON lines.")
    ],
) -> None:
    """Take in the events of an exported file. Events that are known change nothing."""
    with open_app() as app:
        done = events.replay(app.context, current_user(), "sendgrid", file.read_bytes())
    say(f"{counted(done.events, 'event')}: {done.new:,} new, {done.ours:,} about our emails.")
    say(
        f"{counted(done.settled, 'batch', 'batches')} settled,"
        f" {counted(done.suppressed, 'address', 'addresses')} suppressed,"
        f" {counted(done.unsubscribed, 'subscription')} ended."
    )
