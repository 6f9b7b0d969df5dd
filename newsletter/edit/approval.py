"""Approval: a person stands for the exact bytes of every edition."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.model.edition import issue_hash
from newsletter.model.finding import Finding, blocking
from newsletter.model.issue import Issue
from newsletter.model.states import IssueState
from newsletter.store import acts
from newsletter.store.acts import Act
from newsletter.store.content import editions, issues

OPEN = (IssueState.DRAFT, IssueState.REVIEW)


def approve(
    engine: sa.Engine,
    issue_id: int,
    *,
    actor: str,
    now: datetime,
    expected_hash: str | None = None,
    findings: Sequence[Finding] = (),
) -> None:
    """Approve the stored editions; `expected_hash` is the hash of what the person looked at.

    Raise NotAllowed when there is nothing rendered, when it changed since it was looked at, or
    when a check blocks. Approving again what is approved changes nothing.
    """
    with engine.begin() as connection:
        issues.lock(connection, issue_id)
        issue = issues.load(connection, issue_id)
        present = issue_hash(editions.of_issue(connection, issue_id))
        if issue.state == IssueState.APPROVED and issue.approved_hash == present:
            return
        _allow(connection, issue, present, expected_hash, findings)
        issues.move(
            connection,
            issue_id,
            frm=OPEN,
            to=IssueState.APPROVED,
            approved_hash=present,
            approved_by=actor,
            approved_at=now,
        )
        detail = {"hash": present, "warnings": [one.says for one in findings]}
        acts.record(connection, Act(now, actor, "issue approved", issue_id, detail))


def _allow(
    connection: sa.Connection,
    issue: Issue,
    present: str,
    expected_hash: str | None,
    findings: Sequence[Finding],
) -> None:
    if issue.state not in OPEN:
        msg = f"issue {issue.id} is {issue.state}; only a draft can be approved"
        raise NotAllowed(msg)
    if not editions.of_issue(connection, issue.id):
        msg = f"issue {issue.id} has not been rendered; run `newsletter preview {issue.id}` first"
        raise NotAllowed(msg)
    if expected_hash is not None and expected_hash != present:
        msg = f"issue {issue.id} changed since you looked at it; preview it again"
        raise NotAllowed(msg)
    if blocked := blocking(findings):
        msg = f"issue {issue.id} cannot be approved: {' '.join(one.says for one in blocked)}"
        raise NotAllowed(msg)


def void(connection: sa.Connection, issue: Issue, *, actor: str, now: datetime, why: str) -> None:
    """Take an approval back and forget the editions: what they show is no longer true.

    Raise NotAllowed when the issue is on its way by now, whatever it was when it was loaded.
    """
    issues.lock(connection, issue.id)
    require_editable(issues.load(connection, issue.id))
    editions.forget(connection, issue.id)
    if issues.move(
        connection,
        issue.id,
        frm=[IssueState.APPROVED],
        to=IssueState.REVIEW,
        approved_hash="",
        approved_by="",
        approved_at=None,
    ):
        acts.record(connection, Act(now, actor, "approval voided", issue.id, {"why": why}))


def require_editable(issue: Issue) -> None:
    """Raise NotAllowed unless staff may still change what the issue prints."""
    if not issue.editable:
        msg = f"issue {issue.id} is {issue.state} and can no longer be changed"
        raise NotAllowed(msg)
