"""What the page "Approve" shows, in each state of an issue."""

from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

import sqlalchemy as sa

from newsletter.model.act import ActKind
from newsletter.model.departure import departure
from newsletter.model.edition import issue_hash
from newsletter.model.issue import Issue
from newsletter.model.personalization import unfilled
from newsletter.model.publication import Newsletter
from newsletter.model.states import (
    CANCELLABLE,
    EDITABLE,
    MOVABLE,
    PAUSABLE,
    UNAPPROVED,
    IssueState,
)
from newsletter.model.subjects import Arm
from newsletter.render.catalog import Catalog
from newsletter.send import status
from newsletter.send.context import SendingContext
from newsletter.send.status import DoubtfulBatch, IssueStatus
from newsletter.store import acts
from newsletter.store.content import editions, first_approvals, issues
from newsletter.store.sending import arms
from newsletter.web.desk import sentences
from newsletter.web.desk.approving.findings import CheckResult
from newsletter.web.desk.approving.progress import Progress, progress


@dataclass(frozen=True, slots=True)
class Outlook:
    """What will happen, in one sentence, and what it is about.

    `hash` identifies the rendered content, and is empty without one. `typed` says that the
    approver must type the number of recipients. `given` says who has approved the content of an
    issue that needs two approvals, and `voided` whose approval no longer counts, and why.
    """

    sentence: str
    hash: str
    recipients: int
    typed: bool
    given: str = ""
    voided: str = ""


@dataclass(frozen=True, slots=True)
class Offered:
    """What may be done now; `rest` is how many recipients it concerns, `providers` where to move."""

    approve: bool
    send_back: bool
    pause: bool
    resume: bool
    cancel: bool
    rest: int
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TestedSubject:
    """One of two subjects, and what is known about it: to how many it went."""

    arm: Arm
    subject: str
    reach: str


@dataclass(frozen=True, slots=True)
class SubjectChoice:
    """The subjects between which an approver may choose, what that does, and to how many."""

    sentence: str
    subjects: tuple[TestedSubject, ...]
    people: str


@dataclass(frozen=True, slots=True)
class ApproveView:
    """The page "Approve". `checked` is there when the checks have just run.

    `reason` of the state is in English. `problem` says why the last attempt to approve did nothing.
    """

    path: str
    state: str
    reason: str
    tone: str
    outlook: Outlook
    offered: Offered
    progress: Progress
    doubts: tuple[DoubtfulBatch, ...]
    can_send_again: bool
    choice: SubjectChoice | None
    checked: CheckResult | None = None
    problem: str = ""


def approve_view(
    connection: sa.Connection,
    context: SendingContext,
    catalog: Catalog,
    issue_id: int,
    confirm_above: int,
) -> ApproveView:
    """Return the page of an issue; raise NotFound."""
    issue = issues.load(connection, issue_id)
    newsletter = context.publication.newsletter(issue.newsletter)
    found = status.of(connection, issue_id, context)
    zone = newsletter.timezone if newsletter else context.publication.timezone
    if issue.state not in EDITABLE:
        outlook = _after(issue, zone, catalog, found.planned)
    elif newsletter is None:
        outlook = Outlook(catalog.text("desk.approve.unconfigured"), "", 0, typed=False)
    else:
        going = _Going(newsletter, catalog, context.now)
        outlook = replace(
            _outlook(connection, issue, going, confirm_above),
            voided=_voided(connection, issue, zone, catalog),
        )
    return ApproveView(
        path=f"/issues/{issue_id}",
        state=sentences.state(issue, catalog),
        reason=issue.reason,
        tone=sentences.TONES[issue.state],
        outlook=outlook,
        offered=_offered(issue, found, context),
        progress=progress(connection, context, catalog, issue_id, found),
        doubts=found.doubts,
        can_send_again=issue.state is not IssueState.CANCELLED,
        choice=_choice(connection, issue, zone, catalog),
    )


def _outlook(
    connection: sa.Connection,
    issue: Issue,
    going: "_Going",
    confirm_above: int,
) -> Outlook:
    """Say what will happen to an issue that can still be changed."""
    catalog = going.catalog
    stored = editions.heads(connection, issue.id)
    if not stored:
        return Outlook(catalog.text("desk.approve.unrendered"), "", 0, typed=False)
    people = sum(edition.people for edition in stored)
    sentence = going.sentence(issue, len(stored), people)
    present = issue_hash(stored)
    return Outlook(
        sentence,
        present,
        people,
        typed=people > confirm_above,
        given=_given(connection, issue, present, going),
    )


def _given(connection: sa.Connection, issue: Issue, present: str, going: "_Going") -> str:
    """Say who has approved what is shown, if more than one person has to."""
    if going.newsletter.approvals == 1 or issue.state not in UNAPPROVED:
        return ""
    names = [actor.label for actor in first_approvals.of_content(connection, issue.id, present)]
    if not names:
        return going.catalog.text("desk.approve.two")
    return going.catalog.text("desk.approve.one_more", who=going.catalog.join(names))


def _voided(connection: sa.Connection, issue: Issue, zone: tzinfo, catalog: Catalog) -> str:
    """Say whose approval was voided, by whom and why, until the issue is approved again."""
    if issue.state not in UNAPPROVED:
        return ""
    voided = acts.latest(connection, issue.id, ActKind.VOIDED)
    if voided is None:
        return ""
    why = catalog.phrase(str(voided.detail.get("why", "")))
    return catalog.text(
        "desk.approve.voided",
        who=voided.actor.label,
        time=sentences.stamp(voided.at, zone),
        why=why,
    )


@dataclass(frozen=True, slots=True)
class _Going:
    """What says when an issue goes out."""

    newsletter: Newsletter
    catalog: Catalog
    now: datetime

    def sentence(self, issue: Issue, number: int, people: int) -> str:
        """Say when and to how many an issue goes out, if it is approved now or was before."""
        approved = issue.state is IssueState.APPROVED
        taken = issue if approved else replace(issue, approved_at=self.now)
        at = departure(taken, self.newsletter).astimezone(self.newsletter.timezone)
        values = {
            "day": self.catalog.date(at.date(), "date.full"),
            "time": f"{at:%H:%M %Z}",
            "editions": self.catalog.count("desk.approve.editions", number),
            "people": self.catalog.count("desk.approve.people", people),
            "title": self.newsletter.title,
        }
        if approved and issue.approved_by:
            who = issue.approved_by.label
            sentence = self.catalog.text("desk.approve.goes", who=who, **values)
        else:
            sentence = self.catalog.text("desk.approve.will", **values)
        by_zone = sentences.reader_time(issue, self.newsletter.timezone, self.catalog)
        return f"{sentence} {by_zone}".rstrip()


def _after(issue: Issue, zone: tzinfo, catalog: Catalog, planned: int) -> Outlook:
    """Say what became of an issue that can no longer be approved."""
    people = catalog.count("desk.approve.people", planned)
    if issue.submitted_at is not None:
        at = sentences.stamp(issue.submitted_at, zone)
        sentence = catalog.text("desk.approve.submitted", people=people, time=at)
    elif issue.frozen_at is not None:
        frozen = catalog.text("desk.approve.frozen", people=people)
        sentence = f"{frozen} {sentences.reader_time(issue, zone, catalog)}".rstrip()
    else:
        sentence = catalog.text("desk.approve.over")
    return Outlook(sentence, "", planned, typed=False)


def _offered(issue: Issue, found: IssueStatus, context: SendingContext) -> Offered:
    frozen = issue.frozen_at is not None
    return Offered(
        approve=issue.state in UNAPPROVED,
        send_back=issue.state in EDITABLE and issue.state is not IssueState.DRAFT,
        pause=issue.state in PAUSABLE,
        resume=issue.state is IssueState.PAUSED,
        cancel=issue.state in CANCELLABLE,
        rest=found.waiting,
        providers=tuple(context.providers)
        if issue.state in MOVABLE and frozen and found.waiting
        else (),
    )


def _choice(
    connection: sa.Connection, issue: Issue, zone: tzinfo, catalog: Catalog
) -> SubjectChoice | None:
    """Say what a choice of a subject does, if the rest of the issue waits for one."""
    if issue.winner is not None or issue.decides_at is None:
        return None
    totals = {total.arm: total for total in arms.totals(connection, issue.id)}
    waiting = totals[Arm.REST].waiting if Arm.REST in totals else 0
    if not waiting:
        return None

    def reach(arm: Arm) -> str:
        submitted = totals[arm].submitted if arm in totals else 0
        return catalog.count("desk.approve.people", submitted)

    tested = sorted(arms.subjects(connection, issue.id).items())
    people = catalog.count("desk.approve.people", waiting)
    key = "desk.subject.paused" if issue.state is IssueState.PAUSED else "desk.subject.lead"
    time = sentences.stamp(issue.decides_at, zone)
    return SubjectChoice(
        catalog.text(key, people=people, time=time),
        tuple(
            TestedSubject(arm, unfilled(nonce, subject), reach(arm))
            for arm, (subject, nonce) in tested
        ),
        people,
    )
