"""`newsletter doctor`: check the installation."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from newsletter import settings
from newsletter.cli.next_steps import as_command
from newsletter.cli.show import Exit, print_rows, say
from newsletter.clock import clock
from newsletter.errors import ConfigurationError
from newsletter.inspection import installation, probes, reachability
from newsletter.maintenance import checkup
from newsletter.maintenance.readings import Health, Reading

commands = typer.Typer()


@commands.command()
def doctor(
    *,
    online: Annotated[
        bool,
        typer.Option(
            "--online", help="Ask the provider, the public pages and the DNS; nothing is sent."
        ),
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per line.")
    ] = False,
) -> None:
    """Check the installation for what is missing or broken.

    Exit code 0: OK; 3: something should be done; 1: something does not work.
    """
    readings = list(_readings(online=online))
    if as_json:
        print_rows(map(_row, readings), (), as_json=True)
    else:
        for reading in readings:
            say(f"{reading.health.value:<4}  {reading.subject}: {reading.message}")
            if advice := _advice(reading):
                say(f"      → {advice}")
    healths = {reading.health for reading in readings}
    if Health.FAIL in healths:
        raise SystemExit(int(Exit.FAILED))
    raise SystemExit(int(Exit.WAITS if Health.WARN in healths else Exit.OK))


def _readings(*, online: bool) -> Iterator[Reading]:
    try:
        loaded = settings.load(Path.cwd(), os.environ)
    except ConfigurationError as error:
        for line in str(error).splitlines():
            yield Reading(Health.FAIL, "configuration", line, "correct it and run this again")
        return
    examined = installation(loaded)
    yield from checkup.examine(examined, clock())
    if online:
        yield from checkup.online(probes(loaded), examined.secrets_file)
        yield from reachability(loaded)


def _advice(reading: Reading) -> str:
    return reading.advice or (as_command(reading.next_step) if reading.next_step else "")


def _row(reading: Reading) -> dict[str, str]:
    return {
        "health": reading.health.value,
        "subject": reading.subject,
        "message": reading.message,
        "advice": _advice(reading),
    }
