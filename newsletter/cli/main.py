"""The command line: one program, `newsletter`."""

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from newsletter.cli import (
    collecting,
    demo,
    editing,
    logs,
    operating,
    people,
    running,
    sending,
)
from newsletter.cli.show import Exit, fail

OTHERS = 0o027
"""Who gets what is nobody else's business: others read none of our files, the group writes none."""

program = typer.Typer(
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
    logs.configure(logging.INFO if verbose else logging.WARNING)
    if directory is None:
        return
    try:
        os.chdir(directory)
    except OSError as error:
        fail(f"Cannot use the folder {directory}: {error.strerror}.", Exit.USAGE)


for part in (demo, operating, collecting, editing, people, sending, running):
    program.add_typer(part.commands)


def main() -> None:
    """Run the program on the arguments of this process."""
    program()
