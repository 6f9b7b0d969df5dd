"""Describe the health of sources: the last success, the last new article, the problem."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import sqlalchemy as sa

from newsletter.model.source import Source, SourceState
from newsletter.store.content import source_pauses
from newsletter.store.content import sources as source_store
from newsletter.store.content.source_pauses import SourcePause

Tone = Literal["good", "warn", "bad", "soft"]

SILENT = timedelta(days=14)
PATIENCE = 2
"""Consecutive failures that are not alarming yet."""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """A source with its health, as lists of sources show it."""

    source: str
    kind: str
    health: str
    tone: Tone
    last_success_at: datetime | None
    last_new_at: datetime | None
    next_check_at: datetime | None
    found: int
    address: str


def rows(connection: sa.Connection, sources: Sequence[Source], now: datetime) -> list[SourceHealth]:
    """Return every configured source with its health, in the order of the configuration."""
    states, paused = source_store.states(connection), source_pauses.every(connection)
    return [row(source, states.get(source.key), now, paused.get(source.key)) for source in sources]


def row(
    source: Source, state: SourceState | None, now: datetime, pause: SourcePause | None = None
) -> SourceHealth:
    """Return a source with its health; a paused one is neither good nor bad."""
    known = state or SourceState(source.key)
    health, tone = describe(known, now)
    if pause is not None:
        health, tone = f"paused {since(pause.at, now)}: {pause.reason}", "soft"
    return SourceHealth(
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


def describe(state: SourceState, now: datetime) -> tuple[str, Tone]:
    """Describe a source's health, and how alarming it is."""
    if state.checked_at is None:
        return "not checked yet", "soft"
    if state.failing_since is not None:
        times = "" if state.failures == 1 else f" ({state.failures} times in a row)"
        tone: Tone = "warn" if state.failures <= PATIENCE else "bad"
        return f"{state.health} {since(state.failing_since, now)}{times}", tone
    if state.found == 0:
        return state.health or "readable but empty", "warn"
    last = state.last_new_at or state.first_collected_at
    if last is not None and now - last >= SILENT:
        return f"nothing new for {(now - last).days} days", "warn"
    return "OK", "good"


def since(moment: datetime, now: datetime) -> str:
    """Describe the start of a failure: "since 14:05", "since Tuesday", "since 3 October"."""
    age = now - moment
    if age < timedelta(hours=20) and moment.date() == now.date():
        return f"since {moment:%H:%M} UTC"
    if age < timedelta(days=6):
        return f"since {moment:%A}"
    year = f" {moment:%Y}" if moment.year != now.year else ""
    return f"since {moment.day} {moment:%B}{year}"
