"""Look at a source, test it, collect from it now, pause it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from newsletter.collect import health
from newsletter.collect.health import SourceHealth
from newsletter.errors import NotAllowed
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.source import Source, SourceState
from newsletter.store import acts
from newsletter.store.content import browsing, source_pauses
from newsletter.store.content import sources as stored
from newsletter.store.content.browsing import EntryRow
from newsletter.store.content.source_pauses import SourcePause
from newsletter.usecases.context import Context
from subscribers.phrase import Phrase

if TYPE_CHECKING:
    from newsletter.collect.probe import Probe
    from newsletter.collect.report import SourceReport


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A source with its health, its last answers, what it showed last, and its pause if any."""

    source: Source
    health: SourceHealth
    state: SourceState
    entries: Sequence[EntryRow]
    pause: SourcePause | None


def look(context: Context, actor: Actor, name: str) -> SourceRecord:
    """Return what is known of a source; raise NotFound."""
    actor.require(Role.EDITOR)
    source = context.publication.source(name)
    with context.reader.begin() as connection:
        state = stored.states(connection).get(name, SourceState(name))
        paused = source_pauses.every(connection).get(name)
        return SourceRecord(
            source,
            health.row(source, state, context.now(), paused),
            state,
            browsing.latest_entries(connection, name),
            paused,
        )


def test(context: Context, actor: Actor, name: str) -> Probe:
    """Read a source and return what would be collected; nothing is stored."""
    actor.require(Role.EDITOR)
    context.publication.source(name)
    if context.probe is None:
        msg = Phrase("sources are not read here")
        raise NotAllowed(msg)
    return context.probe(name)


def collect(context: Context, actor: Actor, name: str) -> SourceReport:
    """Collect from a source now, due or not, paused or not."""
    actor.require(Role.EDITOR)
    context.publication.source(name)
    if context.collect_from is None:
        msg = Phrase("sources are not read here")
        raise NotAllowed(msg)
    report = context.collect_from([name])
    with context.engine.begin() as connection:
        _record(connection, context, actor, ActKind.SOURCE_COLLECTED, name)
    return report.sources[0]


def pause(context: Context, actor: Actor, name: str, reason: str) -> None:
    """Collect nothing from a source on schedule, for a reason, until `resume`."""
    actor.require(Role.EDITOR)
    context.publication.source(name)
    if not reason.strip():
        msg = Phrase("say why the source is paused")
        raise NotAllowed(msg)
    with context.engine.begin() as connection:
        if source_pauses.put(connection, SourcePause(name, context.now(), str(actor), reason)):
            _record(connection, context, actor, ActKind.SOURCE_PAUSED, name, reason)


def resume(context: Context, actor: Actor, name: str) -> bool:
    """Collect from a source on schedule again; return False if it was not paused."""
    actor.require(Role.EDITOR)
    context.publication.source(name)
    with context.engine.begin() as connection:
        resumed = source_pauses.remove(connection, name)
        if resumed:
            _record(connection, context, actor, ActKind.SOURCE_RESUMED, name)
    return resumed


def _record(
    connection: sa.Connection,
    context: Context,
    actor: Actor,
    kind: ActKind,
    name: str,
    reason: str = "",
) -> None:
    detail = {"source": name, "why": reason}
    acts.record(connection, Act(context.now(), actor, kind, None, detail=detail))
