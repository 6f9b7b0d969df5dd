"""Approve the exact bytes of an issue's editions, and void an approval when they change.

An issue may need two approvals, of two people, neither of them the one who edited it last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, ActorKind
from newsletter.model.alert_topic import AlertTopic
from newsletter.model.edition import issue_hash
from newsletter.model.finding import Finding, blocking
from newsletter.model.issue import Issue
from newsletter.model.next_step import EditIssue, PreviewIssue, ViewIssue, as_values
from newsletter.model.states import UNAPPROVED, IssueState
from newsletter.store import acts
from newsletter.store.content import editions, first_approvals, issues
from newsletter.store.desk import staff
from newsletter.store.people import notices
from newsletter.store.people.notices import Notice
from subscribers.model import NoticeKind
from subscribers.phrase import Phrase, joined


@dataclass(frozen=True, slots=True)
class Review:
    """What an approval depends on: the findings of the checks, and how many people must approve."""

    findings: Sequence[Finding] = ()
    needed: int = 1


UNCHECKED = Review()


def approve(
    connection: sa.Connection,
    issue_id: int,
    *,
    actor: Actor,
    now: datetime,
    expected_hash: str | None = None,
    review: Review = UNCHECKED,
) -> int:
    """Approve the stored editions; `expected_hash` is the hash of what the approver looked at.

    Return how many people must still approve the same bytes. Raises NotAllowed if the issue is not
    in review, if it changed since the approver looked at it, if a finding blocks the approval, or if
    this person may not approve what they edited.
    """
    # Lock first: staff may be editing, and a pass may be rendering, this issue right now.
    issues.lock(connection, issue_id)
    issue = issues.load(connection, issue_id)
    present = issue_hash(editions.heads(connection, issue_id))
    if issue.state == IssueState.APPROVED and issue.approved_hash == present:
        return 0
    _require_approvable(connection, issue, present, expected_hash, review.findings)
    needed = review.needed
    missing = _missing(connection, issue_id, actor, present, needed, now) if needed > 1 else 0
    if not missing:
        issues.approve(connection, issue_id, content_hash=present, by=actor, at=now)
    open_findings = [finding.says for finding in review.findings if finding.waiver is None]
    waived = [f"{each.says} ({each.waiver.reason})" for each in review.findings if each.waiver]
    detail = {"hash": present, "warnings": open_findings, "waived": waived}
    kind = ActKind.HALF_APPROVED if missing else ActKind.APPROVED
    acts.record(connection, Act(now, actor, kind, issue_id, detail=detail))
    return missing


def _missing(
    connection: sa.Connection,
    issue_id: int,
    actor: Actor,
    present: str,
    needed: int,
    now: datetime,
) -> int:
    """Record one of several approvals; return how many are missing.

    Raises NotAllowed for a policy, which is not a person, and for the person who edited last.
    """
    if actor.kind is not ActorKind.PERSON:
        msg = Phrase(
            "issue {issue_id} needs the approval of {needed} people",
            issue_id=issue_id,
            needed=needed,
        )
        raise NotAllowed(msg, next_step=PreviewIssue(issue_id))
    if acts.last_editor(connection, issue_id) == str(actor):
        msg = Phrase(
            "{label} edited issue {issue_id} last: someone else has to approve it",
            label=actor.label,
            issue_id=issue_id,
        )
        raise NotAllowed(msg, next_step=PreviewIssue(issue_id))
    first_approvals.add(connection, issue_id, actor, content_hash=present, at=now)
    given = first_approvals.of_content(connection, issue_id, present)
    return max(0, needed - len(given))


def _require_approvable(
    connection: sa.Connection,
    issue: Issue,
    present: str,
    expected_hash: str | None,
    findings: Sequence[Finding],
) -> None:
    if issue.state not in UNAPPROVED:
        msg = Phrase(
            "issue {id} is {state}; only an issue in review can be approved",
            id=issue.id,
            state=issue.state.spoken,
        )
        raise NotAllowed(msg, next_step=ViewIssue(issue.id))
    # Earlier versions moved an edited issue to review without rendering it.
    if issue.state is IssueState.DRAFT or not editions.heads(connection, issue.id):
        msg = Phrase("issue {id} has not been rendered since it was last changed", id=issue.id)
        raise NotAllowed(msg, next_step=PreviewIssue(issue.id))
    if expected_hash is not None and expected_hash != present:
        msg = Phrase("issue {id} has changed since you looked at it", id=issue.id)
        raise NotAllowed(msg, next_step=PreviewIssue(issue.id))
    if blocked := blocking(findings):
        reasons = joined((finding.says for finding in blocked), " ")
        msg = Phrase("issue {id} cannot be approved: {reasons}", id=issue.id, reasons=reasons)
        raise NotAllowed(msg, next_step=EditIssue(issue.id))


def void(connection: sa.Connection, issue: Issue, *, actor: Actor, now: datetime, why: str) -> None:
    """Return an issue to DRAFT: delete its editions, and its approval if it has one.

    Reads the issue again under a lock and raises NotAllowed if it is already being sent.
    """
    issues.lock(connection, issue.id)
    present = issues.load(connection, issue.id)
    require_editable(present)
    editions.forget(connection, issue.id)
    given = first_approvals.every(connection, issue.id)
    first_approvals.forget(connection, issue.id)
    approved = issues.void_approval(connection, issue.id)
    if approved or given:
        act = Act(now, actor, ActKind.VOIDED, issue.id, detail={"why": why})
        acts.record(connection, act)
    last = [present.approved_by] if approved and present.approved_by else []
    approvers = {str(approver): approver for approver in (*given, *last)}
    for name, approver in approvers.items():
        if name != str(actor) and approver.kind is ActorKind.PERSON:
            _notify(connection, present, approver, now=now, why=why)
    if not approved:
        issues.move(connection, issue.id, from_states=[IssueState.REVIEW], to=IssueState.DRAFT)


def _notify(
    connection: sa.Connection, issue: Issue, approver: Actor, *, now: datetime, why: str
) -> None:
    """Queue a notice to an approver whose approval was voided.

    Members of staff get it at their own address; the alerts of the publication get the others.
    """
    member = staff.at_address(connection, approver.name)
    step = as_values(PreviewIssue(issue.id))
    what = f"Your approval of issue {issue.id} ({issue.newsletter}, {issue.nominal}) was voided"
    notice = Notice(
        kind=NoticeKind.ALERT,
        key=f"alert:{issue.id}:voided:{now.isoformat()}:{approver}",
        address=member.address if member else "",
        language=member.language if member else "",
        values={
            "what": what,
            "next_step": f"{why[:1].upper()}{why[1:]}. Review it and approve it again:",
            "place": AlertTopic.APPROVAL_VOIDED.place,
            "step": step,
        },
    )
    notices.queue(connection, notice, now=now)


def require_editable(issue: Issue) -> None:
    """Raise NotAllowed unless staff may still change the content of the issue."""
    if not issue.editable:
        msg = Phrase(
            "issue {id} is {state} and can no longer be changed",
            id=issue.id,
            state=issue.state.spoken,
        )
        raise NotAllowed(msg, next_step=ViewIssue(issue.id))
