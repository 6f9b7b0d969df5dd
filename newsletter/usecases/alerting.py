"""Tell staff by email, once for each cause, what the program did or waits for."""

from newsletter.model.actor import Actor, Role
from newsletter.model.issue import Issue
from newsletter.model.naming import issue_name
from newsletter.model.publication import Newsletter
from newsletter.model.slot import Decision
from newsletter.model.states import UNAPPROVED, IssueState
from newsletter.send import alarm
from newsletter.store.content import issues, slots
from newsletter.usecases.context import Context


def remind_approver(
    context: Context, actor: Actor, issue: Issue, newsletter: Newsletter, *, overdue: bool
) -> None:
    """Remind staff to approve an issue: once before its slot, and once after it has passed."""
    actor.require(Role.EDITOR)
    what = f"{issue_name(issue, newsletter)} {'was' if overdue else 'is'} due and not approved"
    step = f"Run `newsletter approve {issue.id}`, or look at the desk."
    cause = alarm.Cause("overdue" if overdue else "approve-by", what, step)
    with context.engine.begin() as connection:
        alarm.tell(connection, context.publication, issue.id, cause, now=context.now())


def report_skipped(context: Context, actor: Actor, issue: Issue, newsletter: Newsletter) -> None:
    """Tell staff that the issue of a slot was skipped, and why."""
    actor.require(Role.EDITOR)
    what = f"{newsletter.title}: the issue of {issue.nominal} was skipped, {issue.reason}"
    cause = alarm.Cause("skipped", what, "`newsletter sources` says which sources are silent.")
    with context.engine.begin() as connection:
        alarm.tell(connection, context.publication, issue.id, cause, now=context.now())


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
            cause = alarm.Cause("missed", what, step)
            key = f"missed:{newsletter.key}:{slot.nominal}"
            alarm.announce(connection, context.publication, key, cause, now=now)
    return new


def skip_late(
    context: Context, actor: Actor, issue: Issue, newsletter: Newsletter, reason: str
) -> bool:
    """Skip an issue that no one approved in time and tell staff; False if someone just did."""
    actor.require(Role.APPROVER)
    with context.engine.begin() as connection:
        skipped = issues.move(
            connection,
            issue.id,
            frm=list(UNAPPROVED),
            to=IssueState.SKIPPED,
            reason=reason,
        )
        if skipped:
            cause = alarm.Cause("late", f"{issue_name(issue, newsletter)} was skipped", reason)
            alarm.tell(connection, context.publication, issue.id, cause, now=context.now())
    return skipped
