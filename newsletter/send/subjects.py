"""Give the rest of an issue one of its two subjects: once, by a person or when the time is over."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import FIRST_SUBJECT, Actor
from newsletter.model.edition import by_contents
from newsletter.model.issue import Issue
from newsletter.model.next_step import ViewIssue
from newsletter.model.publication import Publication
from newsletter.model.states import IssueState
from newsletter.model.subjects import Arm
from newsletter.send.audience import spaced
from newsletter.store import acts
from newsletter.store.content import editions, issues, subjects
from newsletter.store.sending import arms, batches
from subscribers.phrase import Phrase


def choose(
    connection: sa.Connection,
    issue_id: int,
    winner: Arm,
    *,
    spread: timedelta,
    actor: Actor,
    now: datetime,
) -> int:
    """Let the rest of an issue go out with a subject; return how many recipients it has.

    Raises NotAllowed if no recipients wait for this choice, or if it was made before.
    """
    issues.lock(connection, issue_id)
    if winner is Arm.REST or not subjects.choose(connection, issue_id, winner):
        raise _refusal(connection, issue_id)
    printed = editions.of_issue(connection, issue_id)
    first, second = by_contents(printed, Arm.A), by_contents(printed, Arm.B)
    pairs = {first[contents].id: second[contents].id for contents in first}
    people = arms.choose(connection, issue_id, pairs, winner)
    if not people:
        raise _refusal(connection, issue_id)
    rest = [batch for batch in batches.lock_prepared(connection, issue_id) if batch.arm == Arm.REST]
    for batch, moment in zip(rest, spaced(len(rest), now, spread), strict=True):
        waits = max(filter(None, (moment, batch.not_before)), default=None)
        batches.set_not_before(connection, batch.key, waits)
    after, detail = {"winner": winner.value}, {"people": people}
    act = Act(now, actor, ActKind.CHOSE_SUBJECT, issue_id, after=after, detail=detail)
    acts.record(connection, act)
    return people


def overdue(connection: sa.Connection, now: datetime) -> list[int]:
    """Return the issues of which no one has chosen a subject in time, and whose rest waits."""
    found = issues.every(connection, [IssueState.SUBMITTING])
    return [issue.id for issue in found if _is_overdue(connection, issue, now)]


def decide(
    connection: sa.Connection, publication: Publication, issue_id: int, now: datetime
) -> bool:
    """Choose the first subject of an issue, unless someone has chosen one a moment ago."""
    issues.lock(connection, issue_id)
    issue = issues.load(connection, issue_id)
    if issue.state is not IssueState.SUBMITTING or not _is_overdue(connection, issue, now):
        return False
    newsletter = publication.newsletter(issue.newsletter)
    spread = newsletter.spread if newsletter else timedelta(0)
    choose(connection, issue_id, Arm.A, spread=spread, actor=FIRST_SUBJECT, now=now)
    return True


def _is_overdue(connection: sa.Connection, issue: Issue, now: datetime) -> bool:
    if issue.winner is not None or issue.decides_at is None or issue.decides_at > now:
        return False
    found = arms.totals(connection, issue.id)
    return any(total.arm is Arm.REST and total.waiting for total in found)


def _refusal(connection: sa.Connection, issue_id: int) -> NotAllowed:
    issue = issues.load(connection, issue_id)
    if issue.test is None:
        why = Phrase("has only one subject")
    elif issue.winner is not None:
        why = Phrase("was given subject {subject} before", subject=issue.winner.upper())
    elif issue.frozen_at is None:
        why = Phrase("has not gone out to the test groups yet")
    else:
        why = Phrase("is {state}; no recipients wait for a subject", state=issue.state.spoken)
    return NotAllowed(
        Phrase("issue {issue_id} {why}", issue_id=issue_id, why=why),
        next_step=ViewIssue(issue_id),
    )
