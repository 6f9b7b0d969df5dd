"""Tell staff by email, once for each cause, what the program did or waits for."""

from newsletter import alerts
from newsletter.alerts import Alert
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.alert_topic import AlertTopic
from newsletter.model.issue import Issue
from newsletter.model.naming import issue_name
from newsletter.model.next_step import ApproveIssue, ListSources
from newsletter.model.publication import Newsletter
from newsletter.model.slot import Decision
from newsletter.model.states import UNAPPROVED, IssueState
from newsletter.store import acts
from newsletter.store.content import issues, slots
from newsletter.usecases.context import Context


def remind_approver(
    context: Context, actor: Actor, issue: Issue, newsletter: Newsletter, *, overdue: bool
) -> None:
    """Remind staff to approve an issue: once before its slot, and once after it has passed."""
    actor.require(Role.EDITOR)
    what = f"{issue_name(issue, newsletter)} {'was' if overdue else 'is'} due and not approved"
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
    context: Context, actor: Actor, newsletter: Newsletter, decision: Decision
) -> bool:
    """Record a slot as missed and tell staff; return False if it is on record already."""
    actor.require(Role.EDITOR)
    now, slot = context.now(), decision.due
    with context.engine.begin() as connection:
        new = slots.record(
            connection, newsletter.key, slot, now, state="missed", reason=decision.reason
        )
        if new:
            what = f"{newsletter.title}: the issue of {slot.nominal} was missed"
            step = f"{decision.reason.capitalize()}. Make sure that cron or the server runs."
            alert = Alert(
                f"missed:{newsletter.key}:{slot.nominal}", what, step, topic=AlertTopic.MISSED
            )
            alerts.queue(connection, context.publication, alert, now=now)
    return new


def record_off(context: Context, actor: Actor, key: str, decision: Decision) -> bool:
    """Record a slot that a pause or a holiday skipped; return False if it is on record already.

    `key` names the newsletter, or its digest. No alert: staff configured it.
    """
    actor.require(Role.EDITOR)
    with context.engine.begin() as connection:
        return slots.record(
            connection, key, decision.due, context.now(), state="skipped", reason=decision.reason
        )


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
