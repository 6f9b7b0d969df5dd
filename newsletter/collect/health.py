"""Say in words how a source is: when it last answered, what it brought, what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from newsletter.model.source import Source, SourceState
from newsletter.store.content import sources as source_store

Tone = Literal["good", "warn", "bad", "soft"]

SILENT = timedelta(days=14)
PATIENCE = 2
"""How many failures in a row are weather."""


@dataclass(frozen=True, slots=True)
class Row:
    """One source as `newsletter sources` and the desk show it."""

    source: str
    kind: str
    health: str
    tone: Tone
    last_success_at: datetime | None
    last_new_at: datetime | None
    next_check_at: datetime | None
    found: int
    address: str


def rows(connection: sa.Connection, sources: Sequence[Source], now: datetime) -> list[Row]:
    """Return every configured source with its health, in the order of the configuration."""
    states = source_store.states(connection)
    return [row(source, states.get(source.key), now) for source in sources]


def row(source: Source, state: SourceState | None, now: datetime) -> Row:
    """Describe one source."""
    known = state or SourceState(source.key)
    health, tone = words(known, now)
    return Row(
        source=source.key,
        kind=source.kind,
        health=health,
        tone=tone,
        last_success_at=known.last_success_at,
        last_new_at=known.last_new_at,
        next_check_at=known.next_check_at,
        found=known.found,
        address=known.learnt_url or source.url or str(source.path or ""),
    )


def words(state: SourceState, now: datetime) -> tuple[str, Tone]:
    """Return a source's health in words, and how alarming it is."""
    if state.checked_at is None:
        return "never checked yet", "soft"
    if state.failing_since is not None:
        times = "" if state.failures == 1 else f" ({state.failures} times in a row)"
        tone: Tone = "warn" if state.failures <= PATIENCE else "bad"
        return f"{state.health} {since(state.failing_since, now)}{times}", tone
    if state.found == 0:
        return "parses but yields nothing", "warn"
    last = state.last_new_at or state.first_collected_at
    if last is not None and now - last >= SILENT:
        return f"silent for {(now - last).days} days", "warn"
    return "well", "good"


def since(moment: datetime, now: datetime) -> str:
    """Say since when: "since 14:05", "since Tuesday", "since 3 October"."""
    age = now - moment
    if age < timedelta(hours=20) and moment.date() == now.date():
        return f"since {moment:%H:%M} UTC"
    if age < timedelta(days=6):
        return f"since {moment:%A}"
    year = f" {moment:%Y}" if moment.year != now.year else ""
    return f"since {moment.day} {moment:%B}{year}"
