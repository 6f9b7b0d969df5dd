"""Record the result of one attempt: from the provider's answer to states and alerts."""

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter import alerts
from newsletter.alerts import Alert
from newsletter.esp.port import Outcome, Verdict
from newsletter.model.alert_topic import AlertTopic
from newsletter.model.batch import Claim, Result
from newsletter.model.delivery import delivery_number
from newsletter.model.next_step import DecideBatch, ResumeIssue
from newsletter.model.publication import Publication
from newsletter.model.states import BatchState, DeliveryState
from newsletter.send import brake, evidence, pieces, volume
from newsletter.store.content import issues
from newsletter.store.sending import batches, claims, deliveries, rates

HALVINGS = 3
"""How often a refusal that names no recipient cuts a batch in two; then a person looks at it."""


def settle(
    connection: sa.Connection,
    publication: Publication,
    claim: Claim,
    outcome: Outcome,
    *,
    now: datetime,
) -> Result:
    """Record an outcome and return what the batch became.

    An outcome that arrives after the lease has ended changes nothing, with one exception: a late
    acceptance still counts as evidence.
    """
    result = judged(claim, outcome, now)
    if outcome.verdict is not Verdict.ACCEPTED:
        issues.lock(connection, claim.issue_id)
    if not claims.settle(connection, claim, result, now=now):
        if outcome.verdict is Verdict.ACCEPTED:
            evidence.accepted(connection, claim, _refusals(outcome), now=now)
        return result
    _deliveries(connection, claim, outcome)
    if outcome.verdict in {Verdict.UNSENT, Verdict.REFUSED}:
        stayed = claim.last - claim.first + 1 - len(outcome.reached)
        # Lock the ramp before the rate, in the order of a claim.
        volume.count(connection, publication, -stayed, now)
    if outcome.wait is not None and not outcome.deferred:
        until = now + timedelta(seconds=outcome.wait)
        rates.hold(connection, claim.provider, until, now=now)
    if result.state is BatchState.ACCEPTED:
        return result
    result = _failed(connection, claim, result, now)
    _alert(connection, publication, claim, outcome, result, now)
    return result


def judged(claim: Claim, outcome: Outcome, now: datetime) -> Result:
    """Return what an outcome makes of its batch.

    - A refusal that names recipients gives the others one new attempt, and only one.
    - A refusal that names no one cuts the batch in two, so that the recipient that caused it
      delays few others.
    - With an unknown outcome, the part that provably was not submitted becomes a batch of its own.
    - A deferral counts as a rejection, so that the number of attempts is limited; not so if the
      deferred recipients were not tried.
    """
    if outcome.verdict is Verdict.ACCEPTED:
        return Result(
            BatchState.ACCEPTED,
            outcome.reason,
            outcome.message_id,
            refused=len(outcome.refused),
        )
    state = _state(claim, outcome)
    # A person who has a refused batch submitted again does not wait.
    waits = outcome.wait is not None and state is not BatchState.REFUSED
    return Result(
        state,
        outcome.reason,
        not_before=now + timedelta(seconds=outcome.wait or 0) if waits else None,
        refused=len(outcome.refused),
        submitted=len(outcome.reached),
        rejected=outcome.verdict is Verdict.REFUSED or (outcome.deferred and not outcome.held_back),
        cut=_cut(claim, outcome),
    )


def _state(claim: Claim, outcome: Outcome) -> BatchState:
    match outcome.verdict:
        case Verdict.ACCEPTED:
            return BatchState.ACCEPTED
        case Verdict.UNSENT:
            return BatchState.PREPARED
        case Verdict.UNKNOWN:
            return BatchState.UNKNOWN
        case Verdict.REFUSED if outcome.refused:
            return BatchState.REFUSED if claim.rejections else BatchState.PREPARED
        case Verdict.REFUSED:
            return BatchState.PREPARED if _halved(claim) else BatchState.REFUSED


def _cut(claim: Claim, outcome: Outcome) -> int | None:
    """Return the first delivery of the piece that becomes a batch of its own."""
    match outcome.verdict:
        case Verdict.UNKNOWN if outcome.unsent:
            begin = min(map(delivery_number, outcome.unsent))
            return begin if begin > claim.first else None
        case Verdict.REFUSED if not outcome.refused and _halved(claim):
            return (claim.first + claim.last) // 2 + 1
    return None


def _halved(claim: Claim) -> bool:
    return claim.first < claim.last and claim.rejections < HALVINGS


def _deliveries(connection: sa.Connection, claim: Claim, outcome: Outcome) -> None:
    """Write the deliveries whose outcome differs from the batch's."""
    issue_id = claim.issue_id
    deliveries.mark_each(connection, issue_id, _refusals(outcome), DeliveryState.REFUSED)
    if outcome.verdict is not Verdict.ACCEPTED:
        reached = {delivery_number(delivery): "" for delivery in outcome.reached}
        deliveries.mark_each(connection, issue_id, reached, DeliveryState.SUBMITTED)


def _refusals(outcome: Outcome) -> dict[int, str]:
    return {delivery_number(delivery): reason for delivery, reason in outcome.refused.items()}


def _failed(connection: sa.Connection, claim: Claim, result: Result, now: datetime) -> Result:
    """Cut a batch as judged, unless an earlier attempt is known to have reached all of it."""
    if evidence.recall(connection, claim.key, now=now):
        return replace(result, state=BatchState.ACCEPTED)
    batch = batches.load(connection, claim.key)
    if batch is not None and result.cut is not None:
        rest = [(result.cut, claim.last)]
        pieces.split_off(connection, batch, rest, claim.provider, unknown_at=claim.unknown_at)
    return result


def _alert(
    connection: sa.Connection,
    publication: Publication,
    claim: Claim,
    outcome: Outcome,
    result: Result,
    now: datetime,
) -> None:
    """Pause the issue or alert staff if a failure requires it."""
    if outcome.verdict in {Verdict.UNKNOWN, Verdict.REFUSED}:
        brake.after_failure(connection, publication, claim, now=now)
    if outcome.stop:
        brake.pause(connection, publication, claim.issue_id, _stopped(claim, outcome), now=now)
    elif result.state is BatchState.REFUSED:
        alerts.queue(connection, publication, _refused(claim, outcome), now=now)


def _stopped(claim: Claim, outcome: Outcome) -> Alert:
    return Alert(
        f"{claim.issue_id}:stopped:{claim.id}",
        f"{claim.provider}: {outcome.reason}",
        "The issue is paused. Fix the cause, then resume it.",
        ResumeIssue(claim.issue_id),
        topic=AlertTopic.STOPPED,
    )


def _refused(claim: Claim, outcome: Outcome) -> Alert:
    return Alert(
        f"{claim.issue_id}:refused:{claim.id}",
        f"{claim.provider} refused batch {claim.batch}: {outcome.reason}",
        "None of its recipients got the email. Fix the cause, then resolve the batch.",
        DecideBatch(claim.batch),
        topic=AlertTopic.REFUSED,
    )
