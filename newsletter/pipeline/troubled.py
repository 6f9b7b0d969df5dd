"""The sources that have a problem, in sentences for the report of a pass."""

import sqlalchemy as sa

from newsletter.model.publication import Publication
from newsletter.model.source import FAILURES
from newsletter.pipeline.report import Level, Line
from newsletter.store.content import source_pauses
from newsletter.store.content import sources as source_store


def sources(connection: sa.Connection, publication: Publication) -> list[Line]:
    """Return a line for each source that has a problem, also while the pause after it lasts."""
    states, paused = source_store.states(connection), source_pauses.every(connection)
    found = list[Line]()
    for source in publication.sources:
        state = states.get(source.key)
        if state is None or not state.health or source.key in paused:
            continue
        grave = state.is_emptied or state.failures >= FAILURES
        message = f"source {source.key}: {state.health}"
        found.append(Line("status", message, Level.WAITS if grave else Level.OK))
    return found
