"""Review an issue: render it, preview it, check it and approve its exact bytes."""

from collections.abc import Iterator
from dataclasses import dataclass

from newsletter.edit import approval
from newsletter.edit.approval import Review
from newsletter.edit.refreshing import Refreshed, refresh
from newsletter.errors import NotAllowed, NothingToPrint
from newsletter.maintenance import outside, sender_domain
from newsletter.maintenance.readings import Health, Reading
from newsletter.model.accessibility import Audit
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import MACHINE, Actor, Role
from newsletter.model.departure import is_overtaken
from newsletter.model.edition import Edition, issue_hash
from newsletter.model.finding import CHECKS, Finding, IssuePlace, PlaceKind, blocking, waive
from newsletter.model.issue import Issue
from newsletter.model.next_step import (
    ApproveIssue,
    EditIssue,
    NextStep,
    PreviewIssue,
    SendIssue,
)
from newsletter.model.publication import Newsletter
from newsletter.model.states import IssueState
from newsletter.render import preflight
from newsletter.render import run as rendering
from newsletter.render.checks import accessibility, apply_policy
from newsletter.render.manuscript import known_pictures
from newsletter.render.picture_view import unmeasured
from newsletter.store import acts
from newsletter.store.content import audits, editions, issues, pauses, pictures, waivers
from newsletter.usecases.context import Context
from subscribers.phrase import Phrase


@dataclass(frozen=True, slots=True)
class Rendered:
    """An issue with its current editions, in order.

    `fresh` says whether they were rendered just now; `remarks` are sentences about readers whose
    set of topics has no edition of its own. `voided` says why an approval was just taken back.
    """

    issue: Issue
    newsletter: Newsletter
    editions: tuple[Edition, ...]
    fresh: bool
    remarks: tuple[str, ...]
    next_step: NextStep
    voided: str = ""

    @property
    def content_hash(self) -> str:
        """Return the hash that an approval is bound to."""
        return issue_hash(self.editions)

    @property
    def recipients(self) -> int:
        """Return how many subscribers would get the issue now."""
        return sum(edition.people for edition in self.editions)


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checks found, the gravest finding first, and the accessibility rules one by one."""

    issue_id: int
    findings: tuple[Finding, ...]
    accessibility: Audit
    next_step: NextStep

    @property
    def blocked(self) -> bool:
        """Return whether a finding blocks the approval."""
        return bool(blocking(self.findings))


@dataclass(frozen=True, slots=True)
class Approved:
    """The issue is approved; `recipients` is an estimate until the audience is frozen.

    `already` says that it was approved before, by `approved_by`, and that nothing changed.
    `missing` is how many more people have to approve it; until then it is not approved.
    """

    issue_id: int
    content_hash: str
    editions: int
    recipients: int
    approved_by: Actor
    findings: tuple[Finding, ...]
    next_step: NextStep
    already: bool = False
    missing: int = 0


@dataclass(frozen=True, slots=True)
class NotApproved:
    """Nothing changed: a finding blocks the approval."""

    issue_id: int
    findings: tuple[Finding, ...]
    next_step: NextStep


@dataclass(frozen=True, slots=True)
class ContentChanged:
    """Nothing changed: the content is not what the approver looked at."""

    issue_id: int
    next_step: NextStep


STALE = Phrase("the brand, the templates, the configuration or the program changed what is printed")
"""Why a rendering is no longer current although the issue has not changed."""
OVERTAKEN = Phrase("its time passed while nothing was running")
"""Why an approval no longer counts although the issue has not changed."""


MOST_NAMED = 3
"""How many late articles are named one by one."""


def render(context: Context, actor: Actor, issue_id: int) -> Rendered:
    """Bring an issue up to date with its articles and render it, if it has no current rendering.

    Raises NothingToPrint if the issue holds too few items.
    """
    actor.require(Role.EDITOR)
    with context.reader.connect() as connection:
        issue = issues.load(connection, issue_id)
    newsletter = context.publication.require_newsletter(issue.newsletter)
    refreshed = refresh(
        context.engine, context.publication, newsletter, issue_id, now=context.now()
    )
    voided = void_if_stale(context, newsletter, issue_id)
    with context.reader.connect() as connection:
        before = editions.of_issue(connection, issue_id)
    if not before:
        _look_at_images(context, issue_id)
    made = rendering.render(
        context.engine,
        context.publication,
        newsletter,
        issue_id,
        context.kit(),
        now=context.now(),
    )
    with context.reader.connect() as connection:
        issue = issues.load(connection, issue_id)
        remarks = [*_additions(refreshed), *rendering.audience_notes(connection, issue_id)]
    if not made:
        msg = Phrase(
            "issue {issue_id} is {state} and holds too few items to print",
            issue_id=issue_id,
            state=issue.state.spoken,
        )
        raise NothingToPrint(msg, next_step=EditIssue(issue_id))
    return Rendered(
        issue,
        newsletter,
        tuple(made),
        fresh=made != before or bool(refreshed.added),
        remarks=tuple(remarks),
        next_step=ApproveIssue(issue_id),
        voided=voided,
    )


def _look_at_images(context: Context, issue_id: int) -> None:
    """Measure the images of an issue before it is rendered, and copy those that emails cannot link to.

    What cannot be read is recorded with the reason, and tried again before the next rendering.
    """
    if context.look_at is None:
        return
    with context.reader.connect() as connection:
        issue = issues.load(connection, issue_id)
        items = issues.load_items(connection, issue_id)
        known = known_pictures(connection, issue, items)
    addresses = unmeasured(issue, items, known)
    if not addresses:
        return
    found = context.look_at(addresses)
    with context.engine.begin() as connection:
        for picture, copy in found:
            pictures.keep(connection, picture, copy, now=context.now())


def _additions(refreshed: Refreshed) -> Iterator[str]:
    """Yield a sentence about each article that was collected after the issue was drafted."""
    for item in refreshed.added[:MOST_NAMED]:
        if item.included:
            yield Phrase(
                "“{title}” was collected after the draft and is now in the issue.", title=item.title
            )
        else:
            yield Phrase(
                "“{title}” is a candidate and not in the issue: {reason}.",
                title=item.title,
                reason=item.reason,
            )
    if (more := len(refreshed.added) - MOST_NAMED) > 0:
        yield Phrase("{more:,} more articles were added after the draft.", more=more)


def void_if_stale(context: Context, newsletter: Newsletter, issue_id: int) -> str:
    """Delete the editions of an issue, and void its approval, if it would be rendered differently.

    Returns the reason if an approval was voided: a change to the brand, the templates, the
    configuration or the program reaches what is printed.
    """
    if not rendering.is_stale(
        context.engine,
        context.publication,
        newsletter,
        issue_id,
        context.kit(),
        now=context.now(),
    ):
        return ""
    with context.engine.begin() as connection:
        issue = issues.load(connection, issue_id)
        approval.void(connection, issue, actor=MACHINE, now=context.now(), why=STALE)
    return _voided(STALE) if issue.state is IssueState.APPROVED else ""


def void_if_overtaken(context: Context, newsletter: Newsletter, issue: Issue) -> str:
    """Void the approval of an issue that is too late to go out without a person; return why."""
    with context.engine.begin() as connection:
        issues.lock(connection, issue.id)  # another machine may have done it, and a person approved
        issue = issues.load(connection, issue.id)
        newsletter = pauses.applied(connection, newsletter)
        if issue.state is not IssueState.APPROVED or not is_overtaken(
            issue, newsletter, context.now()
        ):
            return ""
        approval.void(connection, issue, actor=MACHINE, now=context.now(), why=OVERTAKEN)
    return _voided(OVERTAKEN)


def _voided(why: str) -> str:
    return Phrase("the approval was voided because {why}", why=why)


def check(context: Context, actor: Actor, issue_id: int) -> Checked:
    """Run the pre-flight checks on an issue as it would be approved now."""
    return _checked(context, render(context, actor, issue_id))


def _checked(context: Context, rendered: Rendered) -> Checked:
    issue_id = rendered.issue.id
    found = preflight.check(
        context.engine,
        context.publication,
        rendered.newsletter,
        issue_id,
        now=context.now(),
        broken_links=context.broken_links,
    )
    audit = accessibility.audit(rendered.editions, context.now())
    policy = dict(context.publication.checks)
    with context.reader.connect() as connection:
        waived = waivers.of_issue(connection, issue_id)
    seen = [_outside(reading) for reading in context.outside() if reading.health is not Health.OK]
    every = [*found, *seen, *accessibility.findings(audit)]
    findings = waive(apply_policy(policy, every), waived)
    step = EditIssue(issue_id) if blocking(findings) else ApproveIssue(issue_id)
    return Checked(issue_id, tuple(findings), audit, step)


_SUBJECTS = {
    sender_domain.SUBJECT: Phrase("Sender domain"),
    outside.UNSUBSCRIBE: Phrase("Unsubscribe page"),
}


def _outside(reading: Reading) -> Finding:
    """Return what is wrong outside this program as a finding; what cannot be asked is only noted."""
    name = reading.subject if reading.checked else "not checked"
    message = Phrase(
        "{subject}: {message}; {advice}.",
        subject=_SUBJECTS[reading.subject],
        message=reading.message,
        advice=reading.advice,
    )
    return Finding(name, CHECKS[name], message, place=IssuePlace(PlaceKind.SETTINGS))


def approve(
    context: Context, actor: Actor, issue_id: int, *, expected_hash: str | None = None
) -> Approved | NotApproved | ContentChanged:
    """Approve the current editions of an issue; approving them again has no effect.

    `expected_hash` is the hash, or its beginning, of the content that the approver looked at.
    Raises NotPermitted if the actor may not approve, NothingToPrint, and NotAllowed if the issue
    is past its approval.
    """
    actor.require(Role.APPROVER)
    rendered = render(context, actor, issue_id)
    present = rendered.content_hash
    if expected_hash is not None and not (expected_hash and present.startswith(expected_hash)):
        return ContentChanged(issue_id, PreviewIssue(issue_id))
    if rendered.issue.state is IssueState.APPROVED:
        return _approved(rendered, rendered.issue.approved_by or actor, (), already=True)
    checked = _checked(context, rendered)
    if checked.blocked:
        return NotApproved(issue_id, checked.findings, checked.next_step)
    with context.engine.begin() as connection:
        missing = approval.approve(
            connection,
            issue_id,
            actor=actor,
            now=context.now(),
            expected_hash=present,
            review=Review(checked.findings, rendered.newsletter.approvals),
        )
        audits.keep(connection, issue_id, checked.accessibility)
    return _approved(rendered, actor, checked.findings, missing=missing)


def request_changes(context: Context, actor: Actor, issue_id: int, *, comment: str) -> None:
    """Void the approval of an issue, or return it to its editors, for a recorded reason.

    Raises NotAllowed if the issue is being sent already, or without a comment.
    """
    actor.require(Role.APPROVER)
    why = " ".join(comment.split())
    if not why:
        msg = Phrase("say what has to be changed")
        raise NotAllowed(msg)
    with context.engine.begin() as connection:
        issue = issues.load(connection, issue_id)
        was_approved = issue.state is IssueState.APPROVED
        approval.void(connection, issue, actor=actor, now=context.now(), why=why)
        if not was_approved:  # otherwise the void is recorded
            act = Act(context.now(), actor, ActKind.RETURNED, issue_id, detail={"why": why})
            acts.record(connection, act)


def _approved(
    rendered: Rendered,
    actor: Actor,
    findings: tuple[Finding, ...],
    *,
    already: bool = False,
    missing: int = 0,
) -> Approved:
    return Approved(
        rendered.issue.id,
        rendered.content_hash,
        len(rendered.editions),
        rendered.recipients,
        actor,
        findings,
        ApproveIssue(rendered.issue.id) if missing else SendIssue(rendered.issue.id),
        already=already,
        missing=missing,
    )
