"""The status of every issue that is not finished: the same sentences for reports and the desk."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.model.departure import departure, is_overtaken
from newsletter.model.issue import TOO_FEW, Issue, IssueKind
from newsletter.model.naming import issue_name
from newsletter.model.next_step import (
    ApproveIssue,
    ConfigureNewsletter,
    NextStep,
    ResumeIssue,
    ViewIssue,
)
from newsletter.model.publication import Newsletter
from newsletter.model.states import UNAPPROVED, UNFINISHED, BatchState, IssueState
from newsletter.pipeline.report import Level
from newsletter.send import status
from newsletter.send.context import SendingContext
from newsletter.send.courier import LEASE
from newsletter.send.status import DoubtfulBatch, IssueStatus
from newsletter.send.waits import Wait
from newsletter.store.content import issues
from newsletter.store.sending import batches
from subscribers.phrase import Phrase, joined

SILENT = timedelta(seconds=60)
"""A submission takes seconds; after this long, its worker may be gone."""

LATEST = 3
"""Submitted issues of which deferrals are reported."""


@dataclass(frozen=True, slots=True)
class StatusLine:
    """The status of one issue in a sentence.

    `next_step` is set if a person has to act, or if it is in doubt who got the issue.
    """

    issue: Issue
    message: str
    next_step: NextStep | None = None

    @property
    def level(self) -> Level:
        """Return how serious it is: a status with a next step is not OK."""
        return Level.WAITS if self.next_step else Level.OK


def unfinished(connection: sa.Connection, context: SendingContext) -> Iterator[StatusLine]:
    """Yield every issue that is unfinished, deferred or has a batch in doubt, the oldest first."""
    known = {issue.id: issue for issue in issues.every(connection, list(UNFINISHED))}
    doubtful = {batch.issue_id for batch in batches.waiting(connection)}
    known |= {issue_id: issues.load(connection, issue_id) for issue_id in doubtful - known.keys()}
    # A provider goes on trying after it has accepted the last batch.
    latest = issues.recent(connection, states=[IssueState.SUBMITTED], limit=LATEST)
    known |= {issue.id: issue for issue in latest}
    for issue_id in sorted(known):
        issue = known[issue_id]
        found = status.of(connection, issue_id, context)
        if issue.state in UNFINISHED or found.doubts or found.slowed:
            yield describe(issue, found, context, _silent(connection, issue, context))


def describe(
    issue: Issue, found: IssueStatus, context: SendingContext, silent: Sequence[str] = ()
) -> StatusLine:
    """Describe the status of an issue, and what a person has to do.

    `silent` describes batches whose worker does not respond.
    """
    newsletter = context.publication.newsletter(issue.newsletter)
    name = issue_name(issue, newsletter)
    if issue.state in UNAPPROVED and _is_approved_for_us(issue, newsletter, context.now):
        # If a check blocks it, the step that approves reports that.
        message = Phrase("{name} is approved automatically once its checks pass", name=name)
        return StatusLine(issue, message)
    if issue.state in UNAPPROVED:
        return StatusLine(issue, _unapproved(issue, name, context), ApproveIssue(issue.id))
    if issue.state is IssueState.APPROVED:
        return _approved(issue, name, newsletter)
    parts = [found.label, *_doubtful(found.doubts), *silent, *waiting(found)]
    message = Phrase("{name}: {parts}", name=name, parts=joined(parts))
    return StatusLine(issue, message, _next_step(found, silent))


def _is_approved_for_us(issue: Issue, newsletter: Newsletter | None, now: datetime) -> bool:
    """Return whether an issue is approved automatically as soon as no check blocks it."""
    if newsletter is None or newsletter.approval != "automatic" or issue.reason == TOO_FEW:
        return False
    if issue.kind is IssueKind.CORRECTION:
        return False
    return not is_overtaken(issue, newsletter, now)


def _unapproved(issue: Issue, name: str, context: SendingContext) -> str:
    held = Phrase(": {reason}", reason=issue.reason) if issue.reason else ""
    if context.now < issue.due_at or issue.kind is IssueKind.CORRECTION:
        return Phrase("{name} waits for approval{held}", name=name, held=held)
    newsletter = context.publication.newsletter(issue.newsletter)
    zone = newsletter.timezone if newsletter else context.publication.timezone
    due_at = issue.due_at.astimezone(zone)
    return Phrase(
        "{name} was due {due_at:%a %d %b %Y %H:%M %Z} and waits for approval{held}",
        name=name,
        due_at=due_at,
        held=held,
    )


def _silent(connection: sa.Connection, issue: Issue, context: SendingContext) -> list[str]:
    """Describe batches whose worker has not answered for longer than a submission takes."""
    under_way = batches.of_issue(connection, issue.id, {BatchState.SUBMITTING})
    newsletter = context.publication.newsletter(issue.newsletter)
    zone = newsletter.timezone if newsletter else context.publication.timezone
    return [
        Phrase(
            "batch {batch}: its worker has not responded since {since:%H:%M %Z}; we wait until"
            " {until:%H:%M %Z}",
            batch=batch.id,
            since=(batch.lease_until - LEASE).astimezone(zone),
            until=batch.lease_until.astimezone(zone),
        )
        for batch in under_way
        if batch.lease_until is not None and batch.lease_until - LEASE + SILENT < context.now
    ]


def waiting(found: IssueStatus) -> list[str]:
    """Say for every provider why the rest of an issue cannot be sent now, and what is slowed."""
    return [*map(_wait, found.waits), *found.slowed]


def _wait(wait: Wait) -> str:
    if wait.people == 1:
        return Phrase("1 person: {why}", why=wait.message)
    return Phrase("{people:,} people: {why}", people=wait.people, why=wait.message)


def _approved(issue: Issue, name: str, newsletter: Newsletter | None) -> StatusLine:
    if newsletter is None:
        message = Phrase("{name} is approved, but newsletter.toml no longer has it", name=name)
        return StatusLine(issue, message, ConfigureNewsletter(issue.newsletter))
    at = departure(issue, newsletter).astimezone(newsletter.timezone)
    message = Phrase("{name} is approved and goes out {at:%a %d %b %Y %H:%M %Z}", name=name, at=at)
    if issue.ends_at is not None:
        message = Phrase(
            "{message} to {last:%a %d %b %Y %H:%M %Z}, at each reader's own time",
            message=message,
            last=max(at, issue.ends_at.astimezone(newsletter.timezone)),
        )
    return StatusLine(issue, message)


def _doubtful(doubts: Sequence[DoubtfulBatch]) -> list[str]:
    if len(doubts) == 1:
        (doubt,) = doubts
        why = Phrase(" ({reason})", reason=doubt.reason) if doubt.reason else ""
        return [
            Phrase("batch {batch} is {state}{why}", batch=doubt.batch, state=doubt.state, why=why)
        ]
    states = sorted({doubt.state for doubt in doubts})
    if not doubts:
        return []
    shown = joined(map(Phrase, states), "/")
    return [Phrase("{doubts} batches are {states}", doubts=len(doubts), states=shown)]


def _next_step(found: IssueStatus, silent: Sequence[str]) -> NextStep | None:
    if not (found.waits_for_a_person or found.doubts or silent):
        return None
    stuck = [wait.next_step for wait in found.waits if wait.next_step]
    if stuck and not found.doubts:
        return stuck[0]
    if found.state == IssueState.PAUSED:
        return ResumeIssue(found.issue_id)
    return ViewIssue(found.issue_id)
