"""What the policy of a newsletter does about an issue that waits for approval, as a table."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from newsletter.model.actor import AUTOMATIC_APPROVAL, LATE_POLICY
from newsletter.model.issue import Issue, IssueKind
from newsletter.model.publication import Late
from newsletter.model.states import IssueState
from newsletter.pipeline.approving import Approve, Remind, Skip, WaitForApproval, decide
from tests.fakes.issues import NOW, WEEKLY

ISSUE = Issue(
    id=3,
    newsletter="weekly",
    number=3,
    kind=IssueKind.REGULAR,
    state=IssueState.REVIEW,
    reason="",
    nominal="2026-11-23T08:00",
    due_at=NOW,
    subject="",
    preheader="",
    note="",
    blocks=(),
    approved_hash="",
    approved_by=None,
    approved_at=None,
    leaves_at=None,
    corrects_issue_id=None,
    drafted_at=NOW - timedelta(days=3),
    submitted_at=None,
    created_by="machine:newsletter",  # type: ignore[arg-type] # no matter here
)
HOURS = timedelta(hours=1)
"""The newsletter has approve_by = 1 h and a grace of 2 h."""


@pytest.mark.parametrize(
    ("hours", "policy", "expected"),
    [
        (-24, {}, WaitForApproval()),
        (-1.01, {}, WaitForApproval()),
        (-1, {}, Remind(overdue=False)),
        (-0.01, {}, Remind(overdue=False)),
        (0, {}, Remind(overdue=True)),
        (48, {}, Remind(overdue=True)),
        (-1.01, {"approval": "automatic"}, WaitForApproval()),
        (-1, {"approval": "automatic"}, Approve(AUTOMATIC_APPROVAL)),
        (48, {"approval": "automatic"}, Approve(AUTOMATIC_APPROVAL)),
        (2, {"late": Late(then="send")}, Remind(overdue=True)),
        (2.01, {"late": Late(then="send")}, Approve(LATE_POLICY)),
        (-24, {"late": Late(then="send")}, WaitForApproval()),
        (2, {"late": Late(then="skip")}, Remind(overdue=True)),
        (2.01, {"late": Late(then="skip")}, Skip("not approved within 2h of its slot")),
        (2.01, {"late": Late(then="hold")}, Remind(overdue=True)),
        (0.51, {"late": Late(grace=HOURS / 2, then="send")}, Approve(LATE_POLICY)),
    ],
)
def test_the_policy_decides_by_the_time_and_the_configuration(
    hours: float, policy: dict[str, Any], expected: object
) -> None:
    newsletter = replace(WEEKLY, **policy)
    assert decide(ISSUE, newsletter, NOW + hours * HOURS) == expected


@pytest.mark.parametrize(
    "policy",
    [{}, {"approval": "automatic"}, {"late": Late(then="send")}, {"late": Late(then="skip")}],
)
def test_no_policy_sends_or_skips_a_correction(policy: dict[str, Any]) -> None:
    newsletter, correction = replace(WEEKLY, **policy), replace(ISSUE, kind=IssueKind.CORRECTION)
    assert decide(correction, newsletter, NOW + HOURS) == WaitForApproval()
    assert decide(correction, newsletter, NOW + 48 * HOURS) == Remind(overdue=True)


@pytest.mark.parametrize("policy", [{"approval": "automatic"}, {"late": Late(then="send")}])
def test_no_policy_sends_a_special_issue(policy: dict[str, Any]) -> None:
    newsletter, special = replace(WEEKLY, **policy), replace(ISSUE, kind=IssueKind.SPECIAL)
    assert decide(special, newsletter, NOW - 24 * HOURS) == WaitForApproval()
    assert decide(special, newsletter, NOW + 48 * HOURS) == Remind(overdue=True)
