"""Whether a step of a pass has anything to do, by one short read; most have nothing most of the time.

A step that is not needed is not imported either: cron starts the program every few minutes.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

import sqlalchemy as sa

from newsletter.model.engagement import SETTLES
from newsletter.model.slot import Timing, digest_key, digest_timings, due
from newsletter.model.source import Source
from newsletter.model.states import (
    DECIDABLE,
    EDITABLE,
    SENDABLE,
    SENDING,
    UNAPPROVED,
    UNFINISHED,
    UNSETTLED,
    IssueState,
)
from newsletter.pipeline import troubled
from newsletter.pipeline.report import Step, StepName
from newsletter.pipeline.tools import Tools
from newsletter.send import claimable
from newsletter.send.recovery import unfinished
from newsletter.store import events, marks
from newsletter.store.content import articles, issues, pauses, slots, source_pauses, sources
from newsletter.store.counting import domain_spans, growth
from newsletter.store.desk import sign_ins
from newsletter.store.marks import Mark
from newsletter.store.people import notices, questions, reports
from newsletter.store.sending import batches, engagements, rates, welcomes
from newsletter.usecases import pass_reports
from subscribers.consent import queueing
from subscribers.roster import latest

TIDY_EVERY = 60
"""Nothing is kept for less than days, so that once an hour is soon enough."""

SYNC_EVERY = 24 * 60
WATCH_EVERY = 60
BACK_UP_EVERY = 24 * 60
BACK_UP_AGAIN = 10
"""Minutes until a backup that failed is tried again."""
READ_EVERY = 2
"""Minutes between two readings: some servers limit how often a client may sign in."""


def needed(tools: Tools, step: Step) -> bool:
    """Return whether a step may have something to do; never False if it has."""
    return any_needed(tools, [step])


def any_needed(tools: Tools, steps: Iterable[Step]) -> bool:
    """Return whether any of these steps may have something to do, by one read transaction."""
    with tools.context.reader.connect() as connection:
        return any(GATES[step.name](tools, connection, step.key) for step in steps)


def needed_or_noted(tools: Tools, steps: Iterable[Step]) -> tuple[bool, bool]:
    """Return whether any step may have something to do, and whether the pass is to be recorded."""
    with tools.context.reader.connect() as connection:
        needed = any(GATES[step.name](tools, connection, step.key) for step in steps)
        return needed, needed or pass_reports.success_is_due(connection, tools.context.now())


def _collect(tools: Tools, connection: sa.Connection, _key: str) -> bool:
    """Return whether a source is due; so is one that was never checked, or whose configuration changed."""
    return bool(due_sources(tools, connection))


def due_sources(
    tools: Tools, connection: sa.Connection, keys: Collection[str] = ()
) -> list[Source]:
    """Return the sources that are due, of all or of those in `keys`."""
    states, paused = sources.states(connection, keys), source_pauses.every(connection)
    now = tools.context.now()
    return [
        source
        for source in tools.context.publication.sources
        if (not keys or source.key in keys)
        and source.key not in paused
        and (source.key not in states or states[source.key].of(source).is_due(now))
    ]


def _source(tools: Tools, connection: sa.Connection, key: str) -> bool:
    return bool(due_sources(tools, connection, [key]))


def _notices(tools: Tools, connection: sa.Connection, _key: str) -> bool:
    now = tools.context.now()
    if notices.count(connection) or sign_ins.any_unanswered(connection):
        return True
    return queueing.needs_attention(connection, now)


def _events(tools: Tools, connection: sa.Connection, _key: str) -> bool:
    decidable = tools.context.now() - SETTLES
    return events.is_waiting(connection) or engagements.any_undecided(connection, decidable)


def _mailbox(tools: Tools, connection: sa.Connection, _key: str) -> bool:
    return bool(tools.mailbox) and marks.is_due(
        connection, Mark.MAILBOX_READ, tools.context.now(), READ_EVERY
    )


def _imports(_tools: Tools, connection: sa.Connection, key: str) -> bool:
    chunks = latest.waiting(connection, None if key else 1)
    return key in map(str, chunks) if key else bool(chunks)


def _suppressions(tools: Tools, connection: sa.Connection, _key: str) -> bool:
    return tools.lists is not None and marks.is_due(
        connection, Mark.SYNCED, tools.context.now(), SYNC_EVERY
    )


def _reports(tools: Tools, connection: sa.Connection, _key: str) -> bool:
    return bool(reports.due(connection, tools.context.now()))


def _growth(tools: Tools, connection: sa.Connection, _key: str) -> bool:
    return growth.is_due(connection, tools.context.now())


def _draft(tools: Tools, connection: sa.Connection, key: str) -> bool:
    newsletter = pauses.applied(connection, tools.context.publication.require_newsletter(key))
    now, timing = tools.context.now(), Timing.of(newsletter)
    known = slots.recorded(connection, newsletter.key, timing, now)
    if known is None or due(timing, known, now):
        return True
    if newsletter.cadence.on_publish and articles.any_new_since(connection, known.since):
        return True
    for frequency, rules in digest_timings(newsletter).items():
        known = slots.recorded(connection, digest_key(key, frequency), rules, now)
        if known is None or due(rules, known, now):
            return True
    return False


def _render(_tools: Tools, connection: sa.Connection, key: str) -> bool:
    """Return whether an issue may need a new rendering; an approved one may, and loses its approval."""
    return _has(connection, key, EDITABLE)


def _approve(_tools: Tools, connection: sa.Connection, key: str) -> bool:
    return _has(connection, key, UNAPPROVED)


def _has(connection: sa.Connection, key: str, states: Collection[IssueState]) -> bool:
    return bool(issues.every(connection, states, newsletter=key))


def _welcome(tools: Tools, connection: sa.Connection, key: str) -> bool:
    if tools.context.publication.require_newsletter(key).welcome != "latest":
        return False
    return bool(welcomes.waiting(connection, key, tools.context.now()))


def _inactive(tools: Tools, connection: sa.Connection, key: str) -> bool:
    """Return whether someone may have to be asked whether they still want it, or paused."""
    if tools.context.publication.require_newsletter(key).inactive is None:
        return False
    now = tools.context.now()
    if questions.looked_through(connection, key) < questions.day_of(now):
        return True
    return bool(questions.overdue(connection, key, now, 1))


def _send(_tools: Tools, connection: sa.Connection, _key: str) -> bool:
    states: list[IssueState] = list(SENDABLE | SENDING)
    return bool(issues.recent(connection, states=states, limit=1))


def _freeze(_tools: Tools, connection: sa.Connection, key: str) -> bool:
    return issues.load(connection, int(key)).state in SENDABLE


def _lane(tools: Tools, connection: sa.Connection, _key: str) -> bool:
    context = tools.context
    return claimable.count(connection, context.publication, context.senders, context.now(), 1) > 0


def _journals(tools: Tools, connection: sa.Connection, _key: str) -> bool:
    return tools.behind(connection)


def _reconcile(tools: Tools, connection: sa.Connection, _key: str) -> bool:
    """Return whether anything is under way or in doubt, or was set by a clock that had jumped."""
    now = tools.context.now()
    if rates.any_ahead(connection, now) or slots.is_from_future(connection, now):
        return True
    if batches.any_in(connection, UNSETTLED):
        return True
    if issues.recent(connection, states=[IssueState.SUBMITTING], limit=1):
        return True
    journal = tools.context.courier.journal
    return bool(unfinished(connection, journal))


def _retention(tools: Tools, connection: sa.Connection, _key: str) -> bool:
    return tools.behind(connection) or tidying_is_due(tools, connection)


def tidying_is_due(tools: Tools, connection: sa.Connection) -> bool:
    """Return whether something may be kept too long."""
    return marks.is_due(connection, Mark.TIDIED, tools.context.now(), TIDY_EVERY)


def _backup(tools: Tools, connection: sa.Connection, _key: str) -> bool:
    return tools.backup is not None and marks.is_due(
        connection, Mark.BACKED_UP, tools.context.now(), BACK_UP_EVERY
    )


def _watch(tools: Tools, connection: sa.Connection, _key: str) -> bool:
    if troubled.sources(connection, tools.context.publication):
        return True
    return watching_is_due(tools, connection)


def watching_is_due(tools: Tools, connection: sa.Connection) -> bool:
    """Return whether the watchdog looks now."""
    return marks.is_due(connection, Mark.WATCHED, tools.context.now(), WATCH_EVERY)


def _status(tools: Tools, connection: sa.Connection, _key: str) -> bool:
    """Return whether an issue may be unfinished, in doubt or deferred."""
    unfinished_issues = issues.recent(connection, states=list(UNFINISHED), limit=1)
    deferred = domain_spans.recent(connection, tools.context.now())
    return bool(unfinished_issues or deferred) or batches.any_in(connection, DECIDABLE)


GATES: Mapping[StepName, Callable[[Tools, sa.Connection, str], bool]] = {
    StepName.JOURNALS: _journals,
    StepName.RECONCILE: _reconcile,
    StepName.COLLECT: _collect,
    StepName.SOURCE: _source,
    StepName.NOTICES: _notices,
    StepName.EVENTS: _events,
    StepName.MAILBOX: _mailbox,
    StepName.SUPPRESSIONS: _suppressions,
    StepName.IMPORTS: _imports,
    StepName.REPORTS: _reports,
    StepName.GROWTH: _growth,
    StepName.DRAFT: _draft,
    StepName.RENDER: _render,
    StepName.APPROVE: _approve,
    StepName.WELCOME: _welcome,
    StepName.INACTIVE: _inactive,
    StepName.SEND: _send,
    StepName.FREEZE: _freeze,
    StepName.LANE: _lane,
    StepName.RETENTION: _retention,
    StepName.STATUS: _status,
    StepName.BACKUP: _backup,
    StepName.WATCH: _watch,
}
