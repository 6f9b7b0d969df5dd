"""Waive a warning of the checks: accept exactly what it found, for a recorded reason."""

from dataclasses import dataclass

from newsletter.errors import NotAllowed
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.finding import Finding, Waiver, waive
from newsletter.model.next_step import ApproveIssue, NextStep, PreviewIssue
from newsletter.store import acts
from newsletter.store.content import waivers
from newsletter.usecases import reviewing
from newsletter.usecases.context import Context
from subscribers.phrase import Phrase

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Waived:
    """These warnings were waived; `findings` is what all checks found, the waived ones last."""

    issue_id: int
    waived: tuple[Finding, ...]
    findings: tuple[Finding, ...]
    next_step: NextStep


def waive_warning(
    context: Context, actor: Actor, issue_id: int, which: str, *, reason: str
) -> Waived:
    """Waive the present warnings of a check, or the one that `which` is the mark of.

    A waiver covers exactly what the check has found: a later finding is not covered. Raises
    NotAllowed without a reason, and if there is no such warning.
    """
    actor.require(Role.APPROVER)
    why = " ".join(reason.split())[:LONGEST_REASON]
    if not why:
        msg = Phrase("say why the warning can be ignored")
        raise NotAllowed(msg)
    checked = reviewing.check(context, actor, issue_id)
    warnings = [finding for finding in checked.findings if finding.level == "warn"]
    chosen = [finding for finding in warnings if which in {finding.mark, finding.check}]
    if not chosen:
        present = ", ".join(dict.fromkeys(finding.check for finding in warnings)) or "none"
        msg = Phrase(
            "there is no warning {which!r} to waive. Current warnings: {present}",
            which=which,
            present=present,
        )
        raise NotAllowed(msg, next_step=PreviewIssue(issue_id))
    now = context.now()
    made = [Waiver(finding.mark, finding.check, why, actor, now) for finding in chosen]
    with context.engine.begin() as connection:
        for waiver, finding in zip(made, chosen, strict=True):
            if waivers.add(connection, issue_id, waiver):
                detail = {"check": finding.check, "found": finding.says, "why": why}
                acts.record(connection, Act(now, actor, ActKind.WAIVED, issue_id, detail=detail))
    findings = waive(checked.findings, made)
    waived = tuple(finding for finding in findings if finding.waiver in made)
    return Waived(issue_id, waived, tuple(findings), ApproveIssue(issue_id))
