"""Approve the exact bytes of an issue's editions, and void an approval when they change."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor
from newsletter.model.edition import issue_hash
from newsletter.model.finding import Finding, blocking
from newsletter.model.issue import Issue
from newsletter.model.next_step import EditIssue, PreviewIssue, ViewIssue
from newsletter.model.states import UNAPPROVED, IssueState
from newsletter.store import acts
from newsletter.store.content import editions, issues


def approve(
    connection: sa.Connection,
    issue_id: int,
    *,
    actor: Actor,
    now: datetime,
    expected_hash: str | None = None,
    findings: Sequence[Finding] = (),
) -> bool:
    """Approve the stored editions; `expected_hash` is the hash of what the approver looked at.

    Returns False if the same bytes are approved already. Raises NotAllowed if the issue is not in
    review, if it changed since the approver looked at it, or if a finding blocks the approval.
    """
    # Lock first: staff may be editing, and a pass may be rendering, this issue right now.
    issues.lock(connection, issue_id)
    issue = issues.load(connection, issue_id)
    present = issue_hash(editions.of_issue(connection, issue_id))
    if issue.state == IssueState.APPROVED and issue.approved_hash == present:
        return False
    _require_approvable(connection, issue, present, expected_hash, findings)
    issues.approve(connection, issue_id, content_hash=present, by=actor, at=now)
    detail = {"hash": present, "warnings": [finding.says for finding in findings]}
    acts.record(connection, Act(now, actor, ActKind.APPROVED, issue_id, detail=detail))
    return True


def _require_approvable(
    connection: sa.Connection,
    issue: Issue,
    present: str,
    expected_hash: str | None,
    findings: Sequence[Finding],
) -> None:
    if issue.state not in UNAPPROVED:
        msg = f"issue {issue.id} is {issue.state}; only an issue in review can be approved"
        raise NotAllowed(msg, next_step=ViewIssue(issue.id))
    # Earlier versions moved an edited issue to review without rendering it.
    if issue.state is IssueState.DRAFT or not editions.of_issue(connection, issue.id):
        msg = f"issue {issue.id} has not been rendered since it was last changed"
        raise NotAllowed(msg, next_step=PreviewIssue(issue.id))
    if expected_hash is not None and expected_hash != present:
        msg = f"issue {issue.id} has changed since you looked at it"
        raise NotAllowed(msg, next_step=PreviewIssue(issue.id))
    if blocked := blocking(findings):
        reasons = " ".join(finding.says for finding in blocked)
        msg = f"issue {issue.id} cannot be approved: {reasons}"
        raise NotAllowed(msg, next_step=EditIssue(issue.id))


def void(connection: sa.Connection, issue: Issue, *, actor: Actor, now: datetime, why: str) -> None:
    """Return an issue to DRAFT: delete its editions, and its approval if it has one.

    Reads the issue again under a lock and raises NotAllowed if it is already being sent.
    """
    issues.lock(connection, issue.id)
    require_editable(issues.load(connection, issue.id))
    editions.forget(connection, issue.id)
    if issues.void_approval(connection, issue.id):
        act = Act(now, actor, ActKind.VOIDED, issue.id, detail={"why": why})
        acts.record(connection, act)
    else:
        issues.move(connection, issue.id, from_states=[IssueState.REVIEW], to=IssueState.DRAFT)


def require_editable(issue: Issue) -> None:
    """Raise NotAllowed unless staff may still change the content of the issue."""
    if not issue.editable:
        msg = f"issue {issue.id} is {issue.state} and can no longer be changed"
        raise NotAllowed(msg, next_step=ViewIssue(issue.id))
