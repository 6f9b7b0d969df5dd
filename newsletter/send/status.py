"""Where every recipient of an issue is, from the counters of its batches.

The cost does not depend on the number of recipients.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.accessibility import Audit
from newsletter.model.deferring import deferring
from newsletter.model.issue import Issue
from newsletter.model.personalization import unfilled
from newsletter.model.states import DECIDABLE, BatchState, DeliveryState, IssueState
from newsletter.model.subjects import Arm
from newsletter.send import pacing, waits
from newsletter.send.context import SendingContext
from newsletter.send.waits import Wait
from newsletter.store.content import audits, issues
from newsletter.store.counting import domain_spans
from newsletter.store.sending import arms, batches, deliveries, slowed, totals
from newsletter.store.sending.totals import StateTotals
from subscribers.phrase import Phrase

COUNTED = (
    "planned",
    "submitted",
    "refused",
    "withdrawn",
    "delivered",
    "deferred",
    "blocked",
    "bounced",
    "dropped",
    "complained",
)
"""The counters of recipients that were settled one by one."""
AFTERWARDS = COUNTED[4:]
"""What became of submitted deliveries."""


@dataclass(frozen=True, slots=True)
class DoubtfulBatch:
    """A batch that needs a person, or will unless evidence arrives."""

    batch: str
    state: BatchState
    people: int
    reason: str


@dataclass(frozen=True, slots=True)
class SubjectCounts:
    """How many recipients an arm of a test of two subjects has; the rest has the chosen subject."""

    arm: Arm
    subject: str
    planned: int
    submitted: int


@dataclass(frozen=True, slots=True)
class IssueStatus:
    """Where every recipient of an issue is; `waiting` to `withdrawn` add up to `planned`.

    `delivered` and what follows say what became of the submitted ones, as far as the provider
    reported it. `waits` says why the rest is not submitted now, if the caller gave a context, and
    `slowed` which servers and receiving domains get fewer emails. `corrects` and `corrected_by` are
    ids of issues. `subjects` is set if two subjects are tested. `audit` has the accessibility rules of the approved content.
    """

    issue_id: int
    newsletter: str
    number: int
    state: IssueState
    reason: str
    leaves_at: datetime | None
    planned: int
    waiting: int = 0
    submitting: int = 0
    submitted: int = 0
    unknown: int = 0
    held: int = 0
    refused: int = 0
    withdrawn: int = 0
    delivered: int = 0
    deferred: int = 0
    blocked: int = 0
    bounced: int = 0
    dropped: int = 0
    complained: int = 0
    excluded: Mapping[str, int] = field(default_factory=dict)
    doubts: tuple[DoubtfulBatch, ...] = ()
    waits: tuple[Wait, ...] = ()
    corrects: int | None = None
    corrected_by: tuple[int, ...] = ()
    slowed: tuple[str, ...] = ()
    subjects: tuple[SubjectCounts, ...] = ()
    audit: Audit | None = None

    @property
    def label(self) -> str:
        """Return the state in a few words, with its reason."""
        doubtful = self.unknown + self.held
        if doubtful and self.state is IssueState.SUBMITTING and not self.waiting:
            return Phrase("partly submitted ({doubtful} unknown)", doubtful=doubtful)
        explained = self.reason and self.reason != self.state
        state = Phrase(self.state.value)
        if not explained:
            return state
        return Phrase("{state} ({reason})", state=state, reason=self.reason)

    @property
    def waits_for_a_person(self) -> bool:
        """Whether only a person can finish the issue."""
        undecided = any(doubt.state is not BatchState.UNKNOWN for doubt in self.doubts)
        stuck = any(wait.for_a_person for wait in self.waits)
        return undecided or stuck or self.state is IssueState.PAUSED

    @property
    def by_state(self) -> dict[str, int]:
        """Return how many recipients are in each state; each recipient counts once."""
        moved = sum(int(getattr(self, name)) for name in AFTERWARDS)
        people = {
            DeliveryState.PENDING.value: self.waiting,
            BatchState.SUBMITTING.value: self.submitting,
            BatchState.UNKNOWN.value: self.unknown,
            BatchState.HELD.value: self.held,
            DeliveryState.SUBMITTED.value: self.submitted - moved,
            DeliveryState.REFUSED.value: self.refused,
            DeliveryState.WITHDRAWN.value: self.withdrawn,
            **{name: int(getattr(self, name)) for name in AFTERWARDS},
        }
        return {state: number for state, number in people.items() if number}


def of(
    connection: sa.Connection, issue_id: int, context: SendingContext | None = None
) -> IssueStatus:
    """Return the status of an issue; with a context, also why the rest is not submitted now."""
    issue = issues.load(connection, issue_id)
    found = _status(issue, totals.by_state(connection, issue_id))
    return replace(
        found,
        excluded=deliveries.exclusion_reasons(connection, issue_id),
        doubts=_doubts(connection, issue),
        waits=waits.of(connection, issue, context) if context else (),
        corrects=issue.corrects_issue_id,
        corrected_by=tuple(later.id for later in issues.corrections(connection, issue_id)),
        slowed=_slowed(connection, found, context) if context else (),
        subjects=_subjects(connection, issue),
        audit=audits.of(connection, issue_id, issue.approved_hash),
    )


def _slowed(
    connection: sa.Connection, found: IssueStatus, context: SendingContext
) -> tuple[str, ...]:
    """Describe what is slowed while an issue is being submitted, and who defers it until it arrives."""
    now, zone = context.now, context.publication.timezone
    submitting = found.state is IssueState.SUBMITTING
    known = slowed.present(connection) if submitting else {}
    described = [pacing.describe(each, now, zone) for each in known.values()]
    if submitting or (found.state is IssueState.SUBMITTED and found.deferred):
        described += [
            pacing.describe_deferring(each, now, zone)
            for each in deferring(domain_spans.recent(connection, now), now)
            if f"@{each.domain}" not in known
        ]
    return tuple(described)


def _subjects(connection: sa.Connection, issue: Issue) -> tuple[SubjectCounts, ...]:
    """Return the counts of both subjects, and of the rest; its subject is empty until chosen."""
    if issue.test is None:
        return ()
    shown = arms.subjects(connection, issue.id)
    named = {arm: unfilled(nonce, subject) for arm, (subject, nonce) in shown.items()}
    if issue.winner is not None:
        named[Arm.REST] = named.get(issue.winner, "")
    return tuple(
        SubjectCounts(total.arm, named.get(total.arm, ""), total.planned, total.submitted)
        for total in arms.totals(connection, issue.id)
    )


def _doubts(connection: sa.Connection, issue: Issue) -> tuple[DoubtfulBatch, ...]:
    """Return the batches in doubt; those a provider refused of a cancelled issue are settled."""
    cancelled = issue.state is IssueState.CANCELLED
    doubtful = DECIDABLE - {BatchState.REFUSED} if cancelled else DECIDABLE
    return tuple(
        DoubtfulBatch(batch.id, batch.state, batch.awaiting, batch.reason)
        for batch in batches.of_issue(connection, issue.id, doubtful)
    )


def _status(issue: Issue, sums: list[StateTotals]) -> IssueStatus:
    people = {name: sum(int(getattr(total, name)) for total in sums) for name in COUNTED}
    awaiting = {total.state: total.awaiting for total in sums}
    people["refused"] += awaiting.get(BatchState.REFUSED, 0)
    return IssueStatus(
        issue_id=issue.id,
        newsletter=issue.newsletter,
        number=issue.number,
        state=issue.state,
        reason=issue.reason,
        leaves_at=issue.leaves_at,
        waiting=awaiting.get(BatchState.PREPARED, 0),
        submitting=awaiting.get(BatchState.SUBMITTING, 0),
        unknown=awaiting.get(BatchState.UNKNOWN, 0),
        held=awaiting.get(BatchState.HELD, 0),
        planned=people["planned"],
        submitted=people["submitted"],
        refused=people["refused"],
        withdrawn=people["withdrawn"],
        delivered=people["delivered"],
        deferred=people["deferred"],
        blocked=people["blocked"],
        bounced=people["bounced"],
        dropped=people["dropped"],
        complained=people["complained"],
    )
