"""The sources that have a problem, in sentences for the report of a pass."""

import sqlalchemy as sa

from newsletter.model.publication import Publication
from newsletter.model.source import FAILURES
from newsletter.pipeline.report import Level, Line, StepName
from newsletter.store.content import source_pauses
from newsletter.store.content import sources as source_store


def sources(
    connection: sa.Connection, publication: Publication, *, watched: bool = False
) -> list[Line]:
    """Return a line for each source that has a problem, also while the pause after it lasts.

    When the watchdog looks (`watched`), staff are alerted about what lasts.
    """
    states, paused = source_store.states(connection), source_pauses.every(connection)
    found = list[Line]()
    for source in publication.sources:
        state = states.get(source.key)
        if state is None or not state.health or source.key in paused:
            continue
        is_failing = state.failures >= FAILURES
        if is_failing or state.is_emptied:
            verb = "fails:" if is_failing else "is"
            message = f"source {source.key} {verb} {state.health}"
            found.append(Line(StepName.WATCH if watched else "status", message, Level.WAITS))
        else:
            found.append(Line(StepName.STATUS, f"source {source.key}: {state.health}"))
    return found
