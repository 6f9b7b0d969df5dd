"""`newsletter next`: the coming slots."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer

from newsletter import settings
from newsletter.app import clock
from newsletter.cli.opening import expected_errors
from newsletter.cli.show import fail, print_rows
from newsletter.model.publication import Newsletter
from newsletter.model.slot import Due, local, note, offset, upcoming
from newsletter.settings import Settings
from newsletter.store.content import slots
from newsletter.store.database import open_reader

commands = typer.Typer()


@commands.command("next")
def show_next(
    newsletter: Annotated[
        str, typer.Argument(metavar="NEWSLETTER", help="Only this newsletter.")
    ] = "",
    *,
    count: Annotated[
        int, typer.Option(min=1, max=400, help="How many slots of each newsletter.")
    ] = 5,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per line.")
    ] = False,
) -> None:
    """Show the next slots that have no issue yet.

    A slot that has an issue is in `newsletter issues`.
    """
    with expected_errors():
        loaded = settings.load(Path.cwd(), os.environ)
        publication = loaded.publication
        if not publication.newsletters:
            fail("No newsletter is configured: add a [newsletters.NAME] table to newsletter.toml.")
        one = publication.require_newsletter(newsletter) if newsletter else None
        chosen = (one,) if one else publication.newsletters
        taken = _taken(loaded, [each.key for each in chosen])
    now = clock()
    rows = [
        row for each in chosen for row in _rows(each, taken.get(each.key, frozenset()), now, count)
    ]
    print_rows(rows, ("newsletter", "due", "offset", "in", "note"), as_json=as_json)


def _taken(loaded: Settings, keys: Sequence[str]) -> dict[str, frozenset[str]]:
    """Return the slots on record, by newsletter; none before the database exists."""
    reader = open_reader(loaded.database_url)
    try:
        with reader.connect() as connection:
            return {key: slots.taken_ahead(connection, key, clock()) for key in keys}
    except sa.exc.DBAPIError:
        return {}
    finally:
        reader.dispose()


def _rows(
    newsletter: Newsletter, taken: frozenset[str], now: datetime, count: int
) -> Iterator[dict[str, str]]:
    zone = newsletter.timezone
    before = offset(now, zone)
    found = 0
    for slot in upcoming(newsletter.cadence, zone, now):
        at = offset(slot.due_at, zone)
        if slot.nominal not in taken:
            found += 1
            yield {
                "newsletter": newsletter.key,
                "due": f"{local(slot.due_at, zone):%a %d %b %Y %H:%M}",
                "offset": at,
                "in": _away(slot, now),
                "note": _remark(newsletter, slot, before if before != at else ""),
                "nominal": slot.nominal,
                "due_at": slot.due_at.isoformat(),
                "timezone": str(zone),
            }
        before = at
        if found == count:
            return


def _remark(newsletter: Newsletter, slot: Due, changed_from: str) -> str:
    caution = note(datetime.fromisoformat(slot.nominal), newsletter.timezone)
    if changed_from:
        shift = f"the clocks have changed since ({changed_from} before)"
        return f"{caution}; {shift}" if caution else shift
    return caution


def _away(slot: Due, now: datetime) -> str:
    days, rest = divmod(int((slot.due_at - now).total_seconds()), 86400)
    hours, minutes = rest // 3600, rest % 3600 // 60
    return f"{days} d {hours} h" if days else f"{hours} h {minutes} min"
