"""The command line: one program, `newsletter`."""

import io
import logging
import os
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typing_extensions import override

from newsletter.cli import logs
from newsletter.cli.show import Exit, fail

OTHERS = 0o027
"""Who gets what is nobody else's business: others read none of our files, the group writes none."""

COMMANDS = {
    "demo": ("demo", "Do the whole job on a sample publication, offline."),
    "init": ("operating", "Begin a publication: write newsletter.toml and .env."),
    "next": ("operating", "Show the coming slots, and where daylight saving matters."),
    "doctor": ("operating", "Say what works, what should be done, and what is broken."),
    "collect": ("collecting", "Read the sources that are due and store their new articles."),
    "extract": ("collecting", "Extract articles from files, with the origin of each field."),
    "articles": (
        "collecting",
        "List the stored articles, or show one in full.",
    ),
    "sources": ("collecting", "Show every source with its health, or test a source."),
    "draft": ("drafting", "Draft the next issue of a newsletter from new articles."),
    "preview": ("reviewing", "Render an issue and write every edition into a folder."),
    "edit": ("editing", "Edit an issue as a text in $EDITOR."),
    "check": ("reviewing", "Check an issue before it is sent."),
    "approve": ("reviewing", "Approve an issue: exactly these bytes may be sent."),
    "issues": ("watching", "List the issues, or show one."),
    "segment": ("people", "Count a segment, and say who is left out and why."),
    "subscribers": ("people", "Import, export, look up, tag and forget subscribers."),
    "send": ("sending", "Send an approved issue; or test, stop or decide about it."),
    "correct": ("drafting", "Draft a correction to exactly the recipients of an issue."),
    "run": ("running", "Make one pass over everything that is due; for cron."),
    "serve": ("running", "Serve the pages and make a pass every 20 seconds."),
    "worker": ("running", "Make a pass every 20 seconds without serving pages."),
    "db": ("running", "Look after the database."),
}
"""Every command with its module beside this one and the line about it."""


class OnDemand(TyperGroup):
    """Lists the commands from the table above, and imports only the one that is called.

    To import them all takes a second of the processor, for a list that says what there is.
    """

    def __init__(self, **attrs: Any) -> None:  # noqa: ANN401 - what typer hands on to click
        """Put a stand-in in the place of every command."""
        lines = {name: TyperCommand(name, help=line) for name, (_, line) in COMMANDS.items()}
        super().__init__(**{**attrs, "commands": lines})

    @override
    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, stand_in, rest = super().resolve_command(ctx, args)
        return name, loaded(name) if name else stand_in, rest


def loaded(name: str) -> Any:  # noqa: ANN401 - click's, which typer carries in itself
    """Return a command, imported now."""
    module = import_module(f"newsletter.cli.{COMMANDS[name][0]}")
    plain = typer.Typer(rich_markup_mode=None)
    plain.add_typer(module.commands)
    return typer.main.get_group(plain).commands[name]


program = typer.Typer(
    cls=OnDemand,
    name="newsletter",
    help="Collect articles, lay them out as an issue, and send it to those who follow them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@program.callback()
def start(
    *,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", help="Run as if started in this folder, where newsletter.toml is."),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log what is done.")] = False,
) -> None:
    """Collect articles, lay them out as an issue, and send it to those who follow them.

    Exit codes: 0 all is well, 1 something failed, 2 wrong usage or configuration, 3 something
    waits for a person.
    """
    os.umask(os.umask(0) | OTHERS)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a name that a terminal cannot show
    logs.configure(logging.INFO if verbose else logging.WARNING)
    if directory is None:
        return
    try:
        os.chdir(directory)
    except OSError as error:
        fail(f"Cannot use the folder {directory}: {error.strerror}.", Exit.USAGE)


def main() -> None:
    """Run the program on the arguments of this process."""
    try:
        program(prog_name="newsletter")
    except OSError as error:  # a command says its own; what is left is that nothing can be printed
        what = (
            f"{error.filename} cannot be used" if error.filename else "The output cannot be written"
        )
        fail(f"{what}: {error.strerror}.")
