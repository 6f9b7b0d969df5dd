"""How an issue stands, from its batches' counters: cheap at any number of recipients."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.batch import batch_id
from newsletter.model.issue import Issue
from newsletter.model.states import BatchState, IssueState
from newsletter.send import waits
from newsletter.send.waits import Around, Wait
from newsletter.store.content import issues
from newsletter.store.sending import batches, deliveries


@dataclass(frozen=True, slots=True)
class Doubt:
    """A batch that needs a person, or will unless evidence comes."""

    batch: str
    state: str
    people: int
    reason: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where everybody of an issue is; the numbers from `waiting` to `withdrawn` make `planned`.

    `delivered` and what follows it say how the submitted ones fared, as far as the provider told.
    `waits` says why the rest does not leave now, for whoever told what is around it.
    """

    issue_id: int
    newsletter: str
    number: int
    state: str
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
    bounced: int = 0
    dropped: int = 0
    complained: int = 0
    excluded: Mapping[str, int] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    waits: tuple[Wait, ...] = ()

    @property
    def in_words(self) -> str:
        """Say in a few words where the issue stands."""
        doubtful = self.unknown + self.held
        if doubtful and self.state == IssueState.SUBMITTING and not self.waiting:
            return f"partly submitted ({doubtful} unknown)"
        told = self.reason and self.reason != self.state
        return f"{self.state} ({self.reason})" if told else self.state

    @property
    def waits_for_a_person(self) -> bool:
        """Whether nothing but a person's decision can settle all of it."""
        needs = any(one.state != BatchState.UNKNOWN for one in self.doubts)
        stuck = any(one.for_a_person for one in self.waits)
        return needs or stuck or self.state == IssueState.PAUSED


def of(connection: sa.Connection, issue_id: int, around: Around | None = None) -> Standing:
    """Return how an issue stands now; what is `around` it tells why the rest waits."""
    issue = issues.load(connection, issue_id)
    people: dict[str, int] = {}
    for row in batches.totals(connection, issue_id):
        for name in batches.COUNTED:
            people[name] = people.get(name, 0) + int(row[name])
        people[row["state"]] = people.get(row["state"], 0) + int(row["awaiting"])
    found = _standing(issue, people)
    return replace(
        found,
        excluded=deliveries.exclusion_reasons(connection, issue_id),
        doubts=_doubts(connection, issue),
        waits=waits.of(connection, issue, around) if around else (),
    )


def _doubts(connection: sa.Connection, issue: Issue) -> tuple[Doubt, ...]:
    """Return the batches in doubt; what a provider refused of a cancelled issue is settled."""
    doubtful = [BatchState.UNKNOWN, BatchState.HELD]
    if issue.state is not IssueState.CANCELLED:
        doubtful.append(BatchState.REFUSED)
    return tuple(
        Doubt(
            batch_id(issue.id, row["seq"]),
            row["state"],
            row["planned"] - row["submitted"] - row["refused"] - row["withdrawn"],
            row["reason"],
        )
        for row in batches.of_issue(connection, issue.id, doubtful)
    )


def _standing(issue: Issue, people: Mapping[str, int]) -> Standing:
    return Standing(
        issue_id=issue.id,
        newsletter=issue.newsletter,
        number=issue.number,
        state=issue.state.value,
        reason=issue.reason,
        leaves_at=issue.leaves_at,
        planned=people.get("planned", 0),
        waiting=people.get(BatchState.PREPARED, 0),
        submitting=people.get(BatchState.SUBMITTING, 0),
        submitted=people.get("submitted", 0),
        unknown=people.get(BatchState.UNKNOWN, 0),
        held=people.get(BatchState.HELD, 0),
        refused=people.get("refused", 0),
        withdrawn=people.get("withdrawn", 0),
        delivered=people.get("delivered", 0),
        deferred=people.get("deferred", 0),
        bounced=people.get("bounced", 0),
        dropped=people.get("dropped", 0),
        complained=people.get("complained", 0),
    )
