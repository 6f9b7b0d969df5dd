"""Record what passes did, alert staff about new problems once, and show the reports."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter import alerts
from newsletter.alerts import Alert
from newsletter.model.actor import Actor, Role
from newsletter.model.alert_topic import AlertTopic
from newsletter.model.pass_report import Figures, Level, PassLine, PassReport, StepName
from newsletter.model.source import FAILURES
from newsletter.model.states import DECIDABLE, UNAPPROVED, UNFINISHED
from newsletter.store import marks, passes
from newsletter.store.content import agendas, articles, issues, sources
from newsletter.store.marks import Mark
from newsletter.store.sending import batches
from newsletter.usecases.context import Context

RESOLUTION = 60
"""Seconds between two writes of the last success: idle passes come every few seconds."""
FORGOTTEN_AFTER = timedelta(days=1)
"""A problem that was not seen for this long is new when it returns."""


def record(
    context: Context,
    actor: Actor,
    report: PassReport,
    problems: Collection[PassLine] = (),
    *,
    always: bool = True,
) -> bool:
    """Record the report of a pass; return whether staff are alerted about a new problem.

    `problems` are the lines that staff should know of: each cause is reported once, until it has
    not been seen for a day. Without `always`, a report like the last one of its part is left out.
    """
    actor.require(Role.EDITOR)
    with context.reader.connect() as connection:
        keep = always or _is_news(connection, report)
        good = report.level is not Level.FAILED
        marked = not success_is_due(connection, report.ended_at)
        if not keep and not problems and (marked or not good):
            return False
    with context.engine.begin() as connection:
        if keep:
            passes.insert(connection, report)
        if good and not marked:
            marks.write(connection, Mark.LAST_SUCCESS, int(report.ended_at.timestamp()))
        return bool(problems) and _alert(connection, context, report.ended_at, problems)


def success_is_due(connection: sa.Connection, now: datetime) -> bool:
    """Return whether a pass that ends now without a failure should be noted."""
    return marks.read(connection, Mark.LAST_SUCCESS) + RESOLUTION <= now.timestamp()


def _is_news(connection: sa.Connection, report: PassReport) -> bool:
    """Return whether a report says anything that the last one of its part did not."""
    if not report.lines:
        return False
    last = passes.recent(connection, limit=1, part=report.part)
    return not last or last[0].lines != report.lines


def _alert(
    connection: sa.Connection, context: Context, now: datetime, problems: Collection[PassLine]
) -> bool:
    passes.forget_problems(connection, now - FORGOTTEN_AFTER)
    new = [line for line in problems if passes.open_problem(connection, line.cause, now)]
    if not new:
        return False
    first = new[0].message
    what = first if len(new) == 1 else f"{first} (and {len(new) - 1} more)"
    advice = " · ".join(line.message for line in new[1:]) or "The report of the pass has more."
    topic = AlertTopic.WATCH if new[0].stage == StepName.WATCH else AlertTopic.FAILURE
    alert = Alert(f"pass:{now.isoformat()}:{new[0].cause}", what, advice, topic=topic)
    alerts.queue(connection, context.publication, alert, now=now)
    return True


def figures(context: Context, since: datetime) -> Figures:
    """Return where everything is now; `since` is when the pass began."""
    publication, now = context.publication, context.now()
    with context.reader.connect() as connection:
        known = sources.states(connection)
        unfinished = issues.every(connection, list(UNFINISHED))
        in_doubt = batches.waiting(connection)
        new = articles.count_since(connection, since)
        next_slots = {
            newsletter.key: slot.due_at.isoformat()
            for newsletter in publication.newsletters
            if (slot := next(agendas.announced(connection, newsletter, now), None))
        }
    return Figures(
        sources=len(publication.sources),
        sources_failing=sum(
            known[source.key].failures >= FAILURES
            for source in publication.sources
            if source.key in known
        ),
        articles_new=new,
        issues=dict(Counter(issue.state.value for issue in unfinished)),
        waiting=sum(issue.state in UNAPPROVED for issue in unfinished),
        batches=dict(Counter(batch.state.value for batch in in_doubt if batch.state in DECIDABLE)),
        unknown=sum(batch.awaiting for batch in in_doubt),
        next_slots=next_slots,
    )


def history(
    context: Context, *, limit: int, troubled: bool = False, before: int | None = None
) -> Sequence[PassReport]:
    """Return the latest reports, the newest first; with `troubled`, only those that are not OK.

    `before` is the last number of the page before.
    """
    with context.reader.connect() as connection:
        return passes.recent(connection, limit=limit, troubled=troubled, before=before)


def last_success(context: Context) -> int:
    """Return when the last pass without a failure ended, in seconds since 1970; 0 if none has."""
    with context.reader.connect() as connection:
        return marks.read(connection, Mark.LAST_SUCCESS)
