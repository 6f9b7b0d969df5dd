"""Approve what the configuration lets pass; remind, hold or skip what is late."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from newsletter.errors import NewsletterError, NothingToPrint
from newsletter.model.actor import AUTOMATIC_APPROVAL, LATE_POLICY, Actor
from newsletter.model.departure import is_overtaken
from newsletter.model.duration import spell_duration
from newsletter.model.issue import TOO_FEW, Issue, IssueKind
from newsletter.model.naming import issue_name
from newsletter.model.publication import Newsletter
from newsletter.model.states import UNAPPROVED
from newsletter.pipeline.drafting import open_issues
from newsletter.pipeline.report import Level, Line, StepName, failure
from newsletter.pipeline.tools import Tools
from newsletter.store.content import pauses
from newsletter.usecases import alerting, reviewing, watching
from newsletter.usecases.reviewing import Approved, ContentChanged, NotApproved


@dataclass(frozen=True, slots=True)
class Approve:
    """Approve the issue, unless a check blocks it, in the name of this policy."""

    policy: Actor


@dataclass(frozen=True, slots=True)
class Skip:
    """Skip the issue."""

    reason: str


@dataclass(frozen=True, slots=True)
class Remind:
    """Remind staff; `overdue` if the slot has passed."""

    overdue: bool


@dataclass(frozen=True, slots=True)
class WaitForApproval:
    """Do nothing yet."""


def decide(
    issue: Issue, newsletter: Newsletter, now: datetime
) -> Approve | Skip | Remind | WaitForApproval:
    """Return what the newsletter's policy wants done about an issue that waits for approval."""
    if issue.kind is IssueKind.CORRECTION or is_overtaken(issue, newsletter, now):
        return _left_to_staff(issue, newsletter, now)
    # A person made a special issue, but has not seen its articles yet.
    may_pass = issue.kind is not IssueKind.SPECIAL and issue.reason != TOO_FEW
    if newsletter.approval == "automatic" and may_pass:
        # As late as a person would be reminded, so that articles of the last hours are in it.
        ready = now >= issue.due_at - newsletter.approve_by
        return Approve(AUTOMATIC_APPROVAL) if ready else WaitForApproval()
    late = now > issue.due_at + newsletter.late.grace
    if late and newsletter.late.then == "send" and may_pass:
        return Approve(LATE_POLICY)
    if late and newsletter.late.then == "skip":
        return Skip(f"not approved within {spell_duration(newsletter.late.grace)} of its slot")
    reminds = now >= issue.due_at - newsletter.approve_by
    return Remind(overdue=now >= issue.due_at) if reminds else WaitForApproval()


def _left_to_staff(
    issue: Issue, newsletter: Newsletter, now: datetime
) -> Skip | Remind | WaitForApproval:
    """Return what is done about an issue that does not go out without a person.

    It is too late for that, or it is a correction: a person has just written it, and it has no slot.
    """
    if issue.kind is IssueKind.CORRECTION:
        forgotten = now > issue.due_at + newsletter.late.grace
        return Remind(overdue=True) if forgotten else WaitForApproval()
    skips = newsletter.approval != "automatic" and newsletter.late.then == "skip"
    return Skip(reviewing.OVERTAKEN) if skips else Remind(overdue=True)


def approve(tools: Tools, key: str) -> Iterator[Line]:
    """Follow the policy of one newsletter for each of its open issues."""
    newsletter = tools.context.publication.require_newsletter(key)
    with tools.context.reader.connect() as connection:
        newsletter = pauses.applied(connection, newsletter)
    for issue in open_issues(tools, key):
        try:
            yield from _follow(tools, issue, newsletter)
        except NothingToPrint as error:
            yield Line(StepName.APPROVE, str(error), Level.WAITS, error.next_step)
        except NewsletterError as error:
            # Another pass may have approved it in the meantime.
            if watching.state_of(tools.context, issue.id) in UNAPPROVED:
                yield failure(StepName.APPROVE, error, f"{newsletter.title}: ")


def _follow(tools: Tools, issue: Issue, newsletter: Newsletter) -> Iterator[Line]:
    context, name = tools.context, issue_name(issue, newsletter)
    decision = decide(issue, newsletter, context.now())
    match decision:
        case Approve(policy):
            yield _approved(tools, issue, name, policy)
        case Skip(reason):
            if alerting.skip_late(context, LATE_POLICY, issue, newsletter, reason):
                yield Line(
                    StepName.APPROVE, f"{name}: skipped, {reason}", Level.FAILED, alerted=True
                )
        case Remind(overdue):
            alerting.remind_approver(context, LATE_POLICY, issue, newsletter, overdue=overdue)
        case WaitForApproval():
            return


def _approved(tools: Tools, issue: Issue, name: str, policy: Actor) -> Line:
    match reviewing.approve(tools.context, policy, issue.id):
        case Approved(approved_by=actor, findings=findings):
            unknown_tags = [
                finding.says
                for finding in findings
                if finding.check == "segment" and finding.waiver is None
            ]
            message = f"{name} approved by {actor.label}"
            return Line(StepName.APPROVE, ". ".join([message, *unknown_tags]))
        case ContentChanged(next_step=next_step):
            return Line(
                StepName.APPROVE, f"{name} has changed and is not approved", next_step=next_step
            )
        case NotApproved(findings=findings, next_step=next_step):
            blocked = [finding.says for finding in findings if finding.level == "block"]
            message = f"{name} is not approved: {' '.join(blocked)}"
            return Line(StepName.APPROVE, message, Level.WAITS, next_step)
