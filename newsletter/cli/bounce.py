"""`newsletter bounce`: take in one email that came back, from a pipe."""

import sys
from typing import Annotated

import structlog
import typer

from newsletter.cli.opening import open_app
from newsletter.cli.show import say
from newsletter.esp.returned.reading import LARGEST
from newsletter.model.actor import MACHINE
from newsletter.usecases import returned

commands = typer.Typer()
log = structlog.get_logger()
TRY_LATER = 75
"""EX_TEMPFAIL (sysexits.h): the mail server keeps the email and tries again."""


@commands.command()
def bounce(
    to: Annotated[
        str, typer.Option("--to", metavar="ADDRESS", help="The address it was delivered to.")
    ] = "",
) -> None:
    """Take in an email that came back, from a pipe.

    It is for an alias of the mail server.

    Exit code 75 asks the mail server to try again.
    """
    raw = sys.stdin.buffer.read(LARGEST)
    while sys.stdin.buffer.read(LARGEST):
        pass  # read to the end, or the mail server reports a broken pipe
    try:
        with open_app() as app:
            taken = returned.take(app.context, MACHINE, raw, envelope_to=to)
    except (SystemExit, Exception) as error:
        # With any other exit code, the mail server would return the email to its sender.
        log.exception("an email that came back was not taken in")
        raise SystemExit(TRY_LATER) from error
    proof = "" if taken.trusted else ", which proves no email of this publication"
    say(f"{taken.kind.capitalize()}{proof}: {'recorded' if taken.new else 'nothing to do'}.")
