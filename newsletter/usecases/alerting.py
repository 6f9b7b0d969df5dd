"""Tell staff by email, once for each cause, what the program did or waits for."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter import alerts
from newsletter.alerts import Alert
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.alert_topic import AlertTopic
from newsletter.model.issue import Issue, IssueKind
from newsletter.model.naming import issue_name
from newsletter.model.next_step import ApproveIssue, ListSources
from newsletter.model.publication import Newsletter
from newsletter.model.slot import Decision, digest_key
from newsletter.model.states import UNAPPROVED, IssueState
from newsletter.store import acts
from newsletter.store.content import issues, slots
from newsletter.usecases.context import Context
from subscribers.model import Frequency


def remind_approver(
    context: Context, actor: Actor, issue: Issue, newsletter: Newsletter, *, overdue: bool
) -> None:
    """Remind staff to approve an issue: once before its slot, and once after it has passed."""
    actor.require(Role.EDITOR)
    name = issue_name(issue, newsletter)
    what = f"{name} {'was' if overdue else 'is'} due and not approved"
    if issue.kind is IssueKind.CORRECTION:
        what = f"{name} waits for approval"
    what += f": {issue.reason}" if issue.reason else ""
    key = f"{issue.id}:{'overdue' if overdue else 'approve-by'}"
    alert = Alert(
        key,
        what,
        "Approve it at the desk, or with this command:",
        ApproveIssue(issue.id),
        topic=AlertTopic.APPROVAL_IS_DUE,
    )
    with context.engine.begin() as connection:
        alerts.queue(connection, context.publication, alert, now=context.now())


def report_skipped(context: Context, actor: Actor, issue: Issue, newsletter: Newsletter) -> None:
    """Tell staff that the issue of a slot was skipped, and why."""
    actor.require(Role.EDITOR)
    what = f"{newsletter.title}: the issue of {issue.nominal} was skipped, {issue.reason}"
    alert = Alert(
        f"{issue.id}:skipped",
        what,
        "Check which sources are silent:",
        ListSources(),
        topic=AlertTopic.SKIPPED,
    )
    with context.engine.begin() as connection:
        alerts.queue(connection, context.publication, alert, now=context.now())


def record_missed(
    context: Context, actor: Actor, newsletter: Newsletter, decisions: Sequence[Decision]
) -> list[Decision]:
    """Record slots as missed and tell staff once; return those that were not on record yet.

    All have the same reason.
    """
    actor.require(Role.EDITOR)
    with context.engine.begin() as connection:
        new = _recorded(connection, newsletter.key, decisions, context.now())
        if new:
            first, last = new[0].due.nominal, new[-1].due.nominal
            what = f"{newsletter.title}: the issue of {first} was missed"
            if len(new) > 1:
                what = f"{newsletter.title}: {len(new)} issues were missed, from {first} to {last}"
            alert = Alert(
                f"missed:{newsletter.key}:{first}",
                what,
                f"{new[0].reason.capitalize()}. Make sure that cron or the server runs.",
                topic=AlertTopic.MISSED,
            )
            alerts.queue(connection, context.publication, alert, now=context.now())
    return new


def record_off(
    context: Context, actor: Actor, key: str, decisions: Sequence[Decision]
) -> list[Decision]:
    """Record slots as skipped; return those that were not on record yet.

    `key` names the newsletter, or its digest. No alert: a pause or a holiday was configured, and a
    digest that a later one covers is not missed.
    """
    actor.require(Role.EDITOR)
    with context.engine.begin() as connection:
        return _recorded(connection, key, decisions, context.now())


def record_no_digest(
    context: Context, actor: Actor, newsletter: Newsletter, frequency: Frequency, skipped: Decision
) -> bool:
    """Record that a digest has nothing to print and tell staff; False if it is on record already."""
    actor.require(Role.EDITOR)
    key, nominal = digest_key(newsletter.key, frequency), skipped.due.nominal
    what = f"{newsletter.title}: the {frequency} digest of {nominal} was skipped, {skipped.reason}"
    alert = Alert(
        f"{key}:{nominal}:skipped",
        what,
        "Check which sources are silent:",
        ListSources(),
        topic=AlertTopic.SKIPPED,
    )
    with context.engine.begin() as connection:
        new = _recorded(connection, key, [skipped], context.now())
        if new:
            alerts.queue(connection, context.publication, alert, now=context.now())
    return bool(new)


def _recorded(
    connection: sa.Connection, key: str, decisions: Sequence[Decision], now: datetime
) -> list[Decision]:
    """Record slots without an issue; return those that were not on record yet."""
    return [
        decision
        for decision in decisions
        if decision.act != "draft"
        and slots.record(
            connection, key, decision.due, now, state=decision.act, reason=decision.reason
        )
    ]


def skip_late(
    context: Context, actor: Actor, issue: Issue, newsletter: Newsletter, reason: str
) -> bool:
    """Skip an issue that no one approved in time and tell staff; False if someone just did."""
    actor.require(Role.APPROVER)
    with context.engine.begin() as connection:
        skipped = issues.move(
            connection,
            issue.id,
            from_states=UNAPPROVED,
            to=IssueState.SKIPPED,
            reason=reason,
        )
        if skipped:
            before, detail = {"state": issue.state.value}, {"why": reason}
            act = Act(context.now(), actor, ActKind.SKIPPED, issue.id, before, detail=detail)
            acts.record(connection, act)
            what = f"{issue_name(issue, newsletter)} was skipped"
            alert = Alert(f"{issue.id}:late", what, reason, topic=AlertTopic.APPROVAL_IS_DUE)
            alerts.queue(connection, context.publication, alert, now=context.now())
    return skipped
