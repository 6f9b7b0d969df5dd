"""`newsletter next`: the coming slots."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from newsletter import settings
from newsletter.cli.opening import expected_errors
from newsletter.cli.show import Exit, console, fail, print_rows
from newsletter.clock import clock
from newsletter.model.agenda import AgendaSlot, agenda
from newsletter.model.publication import Newsletter
from newsletter.model.slot import resolve
from newsletter.settings import Settings
from newsletter.store.content import agendas
from newsletter.store.database import open_reader

commands = typer.Typer()

YEARS = range(1970, 2200)


@dataclass(frozen=True, slots=True)
class _Listed:
    newsletter: Newsletter
    slot: AgendaSlot


@commands.command("next")
def show_next(
    newsletter: Annotated[
        str, typer.Argument(metavar="NEWSLETTER", help="Only this newsletter.")
    ] = "",
    *,
    since: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="TIME",
            help="From this time on, such as 2026-12-24 or 2026-12-24T08:00.",
        ),
    ] = "",
    count: Annotated[
        int, typer.Option(min=1, max=400, help="How many slots of each newsletter.")
    ] = 5,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per line.")
    ] = False,
    as_calendar: Annotated[
        bool, typer.Option("--ics", help="Print an iCalendar file for calendar programs.")
    ] = False,
) -> None:
    """Show the next slots with their state.

    Notes say where a holiday or a change of the clocks moves a slot, and which slots are off.
    """
    with expected_errors():
        loaded = settings.load(Path.cwd(), os.environ)
        publication = loaded.publication
        if not publication.newsletters:
            fail("No newsletter is configured: add a [newsletters.NAME] table to newsletter.toml.")
        named = publication.require_newsletter(newsletter) if newsletter else None
        begin, now = _parsed(since), clock()
        listed = list(_listed(loaded, [named] if named else publication.newsletters, begin, count))
    if as_calendar:
        from newsletter.usecases import planning  # noqa: PLC0415 - slow, and rarely needed

        slots = ((each.newsletter, each.slot) for each in listed)
        console.file.write(planning.calendar_file(publication.name, slots, now).decode())
        return
    rows = (_row(each, now) for each in listed)
    print_rows(rows, ("newsletter", "due", "offset", "in", "state", "note"), as_json=as_json)


def _parsed(text: str) -> datetime | None:
    """Read the start of the list; a time without an offset is local to each newsletter."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        fail(
            f"--from must be a time such as 2026-12-24 or 2026-12-24T08:00, not {text}.", Exit.USAGE
        )
    if found.year not in YEARS:
        fail(f"--from must be in the years {YEARS[0]} to {YEARS[-1]}.", Exit.USAGE)
    return found


def _listed(
    loaded: Settings, newsletters: Sequence[Newsletter], begin: datetime | None, count: int
) -> Iterator[_Listed]:
    reader, now = open_reader(loaded.database_url), clock()
    try:
        for newsletter in newsletters:
            since = _instant(begin, newsletter) if begin else now
            for slot in islice(_agenda(reader, newsletter, since, now), count):
                yield _Listed(newsletter, slot)
    finally:
        reader.dispose()


def _agenda(
    reader: sa.Engine, newsletter: Newsletter, since: datetime, now: datetime
) -> Iterator[AgendaSlot]:
    """Return the slots with what is on record; nothing is before the database exists."""
    try:
        with reader.connect() as connection:
            return agendas.of(connection, newsletter, since, now)
    except sa.exc.DBAPIError:
        return agenda(newsletter, {}, since, now)


def _instant(begin: datetime, newsletter: Newsletter) -> datetime:
    """Return the last instant before the start of the list."""
    at = begin.astimezone(UTC) if begin.tzinfo else resolve(begin, newsletter.timezone)
    return at - timedelta(microseconds=1)


def _row(listed: _Listed, now: datetime) -> dict[str, str]:
    zone, due = listed.newsletter.timezone, listed.slot.due
    return {
        "newsletter": listed.newsletter.key,
        "due": f"{due.wall(zone):%a %d %b %Y %H:%M}",
        "offset": listed.slot.offset,
        "in": _away(due.due_at - now),
        "state": listed.slot.state,
        "note": listed.slot.note,
        "nominal": due.nominal,
        "due_at": due.due_at.isoformat(),
        "ends_at": due.last_at.isoformat(),
        "timezone": str(zone),
    }


def _away(distance: timedelta) -> str:
    if distance < timedelta(0):
        return ""
    hours, rest = divmod(distance, timedelta(hours=1))
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if days else f"{hours} h {rest // timedelta(minutes=1)} min"
