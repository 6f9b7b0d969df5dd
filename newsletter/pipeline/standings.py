"""How every issue stands that is not finished: the same words for the report and the desk."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from newsletter.model.departure import departure
from newsletter.model.issue import Issue
from newsletter.model.publication import Newsletter
from newsletter.model.states import IssueState
from newsletter.pipeline.report import Level, counted
from newsletter.send import standing
from newsletter.send.standing import Doubt, Standing
from newsletter.send.waits import Around
from newsletter.store.content import issues
from newsletter.store.sending import batches

OPEN = (IssueState.DRAFT, IssueState.REVIEW)
UNFINISHED = (
    *OPEN,
    IssueState.APPROVED,
    IssueState.PREPARING,
    IssueState.SUBMITTING,
    IssueState.PAUSED,
)


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to say of one issue; `next_step` is for a person, where one is needed."""

    issue: Issue
    says: str
    next_step: str = ""

    @property
    def level(self) -> Level:
        """Return how it matters: whatever has a next step waits for a person."""
        return Level.WAITS if self.next_step else Level.WELL


def told(connection: sa.Connection, around: Around) -> Iterator[Told]:
    """Yield every issue that is unfinished, or of which a batch is in doubt, the oldest first."""
    found = {one.id: one for one in issues.every(connection, UNFINISHED)}
    doubtful = {row["issue_id"] for row in batches.waiting(connection)}
    found |= {one: issues.load(connection, one) for one in doubtful - found.keys()}
    for number in sorted(found):
        issue = found[number]
        stands = standing.of(connection, number, around)
        if issue.state in UNFINISHED or stands.doubts:
            yield in_words(issue, stands, around)


def in_words(issue: Issue, stands: Standing, around: Around) -> Told:
    """Say how an issue stands, and what a person has to do."""
    newsletter = around.publication.newsletter(issue.newsletter)
    name = title(issue, newsletter)
    if issue.state in OPEN:
        return Told(issue, f"{name} waits for approval", f"`newsletter approve {issue.id}`")
    if issue.state is IssueState.APPROVED:
        return _approved(issue, name, newsletter)
    says = "; ".join([stands.in_words, *_doubtful(stands.doubts), *waiting(stands)])
    return Told(issue, f"{name}: {says}", _next_step(stands))


def title(issue: Issue, newsletter: Newsletter | None) -> str:
    """Name an issue as people call it."""
    return f"{newsletter.title if newsletter else issue.newsletter} No. {issue.number}"


def waiting(stands: Standing) -> list[str]:
    """Say for every provider why the rest of an issue does not leave now."""
    return [f"{counted(one.people, 'person', 'people')}: {one.says}" for one in stands.waits]


def _approved(issue: Issue, name: str, newsletter: Newsletter | None) -> Told:
    if newsletter is None:
        step = (
            f"put [newsletters.{issue.newsletter}] back, or `newsletter send {issue.id} --cancel`"
        )
        return Told(issue, f"{name} is approved, but newsletter.toml no longer has it", step)
    leaves = departure(issue, newsletter).astimezone(newsletter.timezone)
    return Told(issue, f"{name} is approved and leaves {leaves:%a %d %b %Y %H:%M %Z}")


def _doubtful(doubts: Sequence[Doubt]) -> list[str]:
    if len(doubts) == 1:
        (one,) = doubts
        why = f" ({one.reason})" if one.reason else ""
        return [f"batch {one.batch} is {one.state}{why}"]
    states = sorted({one.state for one in doubts})
    return [f"{len(doubts)} batches are {' or '.join(states)}"] if doubts else []


def _next_step(stands: Standing) -> str:
    if not stands.waits_for_a_person:
        return ""
    if stands.state == IssueState.PAUSED:
        return f"`newsletter send {stands.issue_id} --resume` or `--cancel`"
    return f"`newsletter issues show {stands.issue_id}` says what to decide"
