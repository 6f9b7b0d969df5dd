"""Whether a step of a pass has anything to do, by one short read; most have nothing most of the time.

A step that is not needed is not imported either: cron starts the program every few minutes.
"""

from collections.abc import Callable, Collection, Mapping

import sqlalchemy as sa

from newsletter.model.slot import Timing, due
from newsletter.model.states import EDITABLE, SENDABLE, SENDING, UNAPPROVED, IssueState
from newsletter.pipeline.report import Step
from newsletter.pipeline.tools import Tools
from newsletter.store import marks
from newsletter.store.content import issues, slots, sources
from newsletter.store.people import notices

TIDIED = "tidied"
"""The mark of the last retention that found nothing more to delete, in minutes since 1970."""
TIDY_EVERY = 60
"""Nothing is kept for less than days, so that once an hour is soon enough."""


def needed(tools: Tools, step: Step) -> bool:
    """Return whether a step may have something to do; never False if it has."""
    gate = GATES.get(step.name)
    if gate is None:
        return True
    with tools.context.reader.connect() as connection:
        return gate(tools, connection, step.newsletter)


def _collect(tools: Tools, connection: sa.Connection, _key: str) -> bool:
    """Return whether a source is due; one that was never checked is."""
    states, now = sources.states(connection), tools.context.now()
    for source in tools.context.publication.sources:
        state = states.get(source.key)
        if state is None or state.next_check_at is None or state.next_check_at <= now:
            return True
    return False


def _notices(_tools: Tools, connection: sa.Connection, _key: str) -> bool:
    return bool(notices.count(connection))


def _draft(tools: Tools, connection: sa.Connection, key: str) -> bool:
    newsletter = tools.context.publication.require_newsletter(key)
    now, timing = tools.context.now(), Timing.of(newsletter)
    known = slots.recorded(connection, newsletter.key, timing, now)
    return known is None or bool(due(timing, known, now))


def _render(_tools: Tools, connection: sa.Connection, key: str) -> bool:
    """Return whether an issue may need a new rendering; an approved one may, and loses its approval."""
    return _has(connection, key, EDITABLE)


def _approve(_tools: Tools, connection: sa.Connection, key: str) -> bool:
    return _has(connection, key, UNAPPROVED)


def _has(connection: sa.Connection, key: str, states: Collection[IssueState]) -> bool:
    found = issues.every(connection, list(states))
    return any(issue.newsletter == key for issue in found)


def _send(_tools: Tools, connection: sa.Connection, _key: str) -> bool:
    states: list[IssueState] = list(SENDABLE | SENDING)
    return bool(issues.recent(connection, states=states, limit=1))


def tidying_is_due(tools: Tools) -> bool:
    """Return whether something may be kept too long."""
    minutes = int(tools.context.now().timestamp() // 60)
    with tools.context.reader.connect() as connection:
        return marks.read(connection, TIDIED) + TIDY_EVERY <= minutes


GATES: Mapping[str, Callable[[Tools, sa.Connection, str], bool]] = {
    "collect": _collect,
    "notices": _notices,
    "draft": _draft,
    "render": _render,
    "approve": _approve,
    "send": _send,
}
"""The steps that are not always needed; the others always look."""
