"""The command line: one program, `newsletter`."""

import io
import logging
import os
import sys
import tomllib
from importlib import import_module, metadata
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup
from typing_extensions import override

from newsletter.cli import logs
from newsletter.cli.show import Exit, fail, say

OTHERS = 0o027
"""Other users cannot read our files, which name recipients; the group cannot write them."""

COMMANDS = {
    "demo": ("demo", "Do the whole job on a sample publication, offline."),
    "init": ("beginning", "Begin a publication: write newsletter.toml and .env."),
    "next": ("upcoming", "Show the next slots with their state."),
    "slots": ("slots", "Skip a coming slot or take that back, or pause a newsletter."),
    "doctor": (
        "doctor",
        "Check the installation for what is missing or broken.",
    ),
    "collect": ("collecting", "Read the sources that are due and store their new articles."),
    "extract": ("collecting", "Extract articles from files, with the origin of each field."),
    "articles": (
        "articles",
        "List the stored articles, or show one in full.",
    ),
    "sources": ("collecting", "Show every source with its health, or test a source."),
    "draft": ("drafting", "Draft the next issue of a newsletter from new articles."),
    "preview": ("reviewing", "Render an issue and write every edition into a folder."),
    "edit": ("editing", "Edit an issue as a text in $EDITOR."),
    "add": ("adding", "Add an article that no source lists to an issue."),
    "check": ("reviewing", "Check an issue before it is sent."),
    "approve": ("reviewing", "Approve an issue: exactly these bytes may be sent."),
    "issues": ("watching", "List the issues, or show one."),
    "report": ("reporting", "Report what became of an issue, or how a newsletter grew."),
    "segment": ("counting", "Count a segment, and the subscribers it excludes by reason."),
    "subscribers": ("people", "Add, import, export, tag, suppress and erase subscribers."),
    "send": ("sending", "Send an approved issue; or test, stop or decide about it."),
    "correct": ("drafting", "Draft a correction to exactly the recipients of an issue."),
    "run": ("running", "Make one pass over everything that is due; for cron."),
    "passes": ("passes", "Show where everything is, and what the last passes did."),
    "serve": ("running", "Serve the pages and make a pass every 20 seconds."),
    "worker": ("working", "Do a share of the work, on as many machines as you like."),
    "workers": ("queues", "Show the workers, what each is doing, and since when."),
    "jobs": ("queues", "Show, retry and cancel the jobs of workers."),
    "staff": ("staff", "Choose who may sign in at the desk."),
    "audit": ("audit", "Show who did what and when, latest first."),
    "bounce": ("bounce", "Take in an email that came back, from a pipe."),
    "events": ("events", "Take in events that a provider exported."),
    "suppressions": ("suppressions", "Compare the suppressions with the provider's."),
    "db": ("database", "Upgrade, check, back up, restore and move the database."),
}
"""Every command with the module that has it, and its line in the list."""


class OnDemand(TyperGroup):
    """List the commands from the table above, and import only the one that is called.

    Importing all of them takes a second of CPU time, which a list does not need.
    """

    def __init__(self, **attrs: Any) -> None:  # noqa: ANN401 - what typer hands on to click
        """Put a placeholder in the place of every command."""
        placeholders = {name: TyperCommand(name, help=line) for name, (_, line) in COMMANDS.items()}
        super().__init__(**{**attrs, "commands": placeholders})

    @override
    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, placeholder, rest = super().resolve_command(ctx, args)
        return name, loaded(name) if name else placeholder, rest


def loaded(name: str) -> Any:  # noqa: ANN401 - click's, which typer carries in itself
    """Return a command, imported now."""
    module = import_module(f"newsletter.cli.{COMMANDS[name][0]}")
    plain = typer.Typer(rich_markup_mode=None)
    plain.add_typer(module.commands)
    return typer.main.get_group(plain).commands[name]


program = typer.Typer(
    cls=OnDemand,
    name="newsletter",
    help="Collect articles, lay them out as an issue, and send it to subscribers.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        say(f"newsletter {current_version()}")
        raise typer.Exit


@program.callback()
def start(
    *,
    directory: Annotated[
        Path | None,
        typer.Option("--dir", help="Run in this folder, which holds newsletter.toml."),
    ] = None,
    version: Annotated[  # noqa: ARG001 - its callback prints it
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=_version),
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log every step.")] = False,
) -> None:
    """Collect articles, lay them out as an issue, and send it to subscribers.

    Exit codes: 0 OK, 1 something failed, 2 wrong usage or configuration, 3 something waits for a
    person.
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


def current_version() -> str:
    """Return the version: of the installed package, or of the source tree that runs."""
    try:
        return metadata.version("newsletter")
    except metadata.PackageNotFoundError:
        source = Path(__file__).parents[2] / "pyproject.toml"
        return str(tomllib.loads(source.read_text(encoding="utf-8"))["project"]["version"])


def main() -> None:
    """Run the program on the arguments of this process."""
    try:
        program(prog_name="newsletter")
    except OSError as error:  # commands report their own; this one could not print
        what = (
            f"{error.filename} cannot be used" if error.filename else "The output cannot be written"
        )
        fail(f"{what}: {error.strerror}.")
