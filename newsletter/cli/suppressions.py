"""`newsletter suppressions …`."""

import typer

from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import say
from newsletter.errors import NotAllowed
from newsletter.esp.sendgrid.suppressions import SuppressionLists
from newsletter.pipeline.report import counted
from newsletter.usecases import syncing

commands = typer.Typer()
suppressions = typer.Typer(
    help="Compare the suppressions with the provider's.", no_args_is_help=True
)
commands.add_typer(suppressions, name="suppressions")


@suppressions.callback()
def group() -> None:
    """Compare the suppressions with the provider's."""


@suppressions.command()
def sync() -> None:
    """Take over SendGrid's suppressions and unsubscribes."""
    with open_app() as app:
        settings = app.settings
        if not settings.sendgrid_api_key:
            msg = "SENDGRID_API_KEY is not set, and SendGrid is the provider that has such lists"
            raise NotAllowed(msg)
        lists = SuppressionLists(settings.sendgrid_api_key, settings.sendgrid_api_host)
        try:
            compared = syncing.sync(app.context, current_user(), lists)
        finally:
            lists.close()
    for found in compared:
        name = found.kind.value.replace("_", " ")
        entries = counted(found.entries, "entry", "entries")
        say(f"{name}: {entries}, {found.ours:,} about subscribers, {found.new:,} new here")
