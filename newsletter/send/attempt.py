"""Record what became of one attempt: provider's answer in, states and alarms out."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.esp.port import Outcome, Verdict
from newsletter.model.batch import BatchState, Claim, Result
from newsletter.model.delivery import DeliveryState, read_delivery
from newsletter.model.publication import Publication
from newsletter.send import acts, alarm, brake, feedback
from newsletter.store import batches, claims, deliveries, rates


def settle(
    connection: sa.Connection,
    publication: Publication,
    claim: Claim,
    outcome: Outcome,
    *,
    now: datetime,
) -> Result:
    """Write an outcome down, all of it or nothing; return what the batch became.

    An outcome that comes after the lease has ended changes nothing by itself; but to have been
    accepted is evidence, however late.
    """
    result = judged(claim, outcome, now)
    if not claims.settle(connection, claim, result, now=now):
        if outcome.verdict is Verdict.ACCEPTED:
            feedback.seen(connection, [claim.id], now=now)
        return result
    _deliveries(connection, claim, outcome)
    if outcome.wait is not None:
        rates.hold(connection, claim.provider, now + timedelta(seconds=outcome.wait))
    if outcome.verdict is Verdict.UNKNOWN:
        _split(connection, claim, outcome)
        _brake(connection, publication, claim, now)
    if outcome.stop:
        alarm.stop(connection, publication, claim.issue_id, _stopped(claim, outcome), now=now)
    elif result.state is BatchState.REFUSED:
        alarm.tell(connection, publication, claim.issue_id, _refused(claim, outcome), now=now)
    return result


def judged(claim: Claim, outcome: Outcome, now: datetime) -> Result:
    """Return what an outcome makes of its batch.

    A refusal that names its recipients gives the rest one new attempt, and only one.
    """
    if outcome.verdict is Verdict.ACCEPTED:
        return Result(
            BatchState.ACCEPTED,
            outcome.reason,
            outcome.message_id,
            refused=len(outcome.refused),
        )
    return Result(
        _state(claim, outcome),
        outcome.reason,
        not_before=None if outcome.wait is None else now + timedelta(seconds=outcome.wait),
        refused=len(outcome.refused),
        submitted=len(outcome.reached),
        rejected=outcome.verdict is Verdict.REFUSED,
    )


def _state(claim: Claim, outcome: Outcome) -> BatchState:
    match outcome.verdict:
        case Verdict.ACCEPTED:
            return BatchState.ACCEPTED
        case Verdict.UNSENT:
            return BatchState.PREPARED
        case Verdict.UNKNOWN:
            return BatchState.UNKNOWN
        case Verdict.REFUSED:
            again = bool(outcome.refused) and not claim.rejections
            return BatchState.PREPARED if again else BatchState.REFUSED


def _deliveries(connection: sa.Connection, claim: Claim, outcome: Outcome) -> None:
    issue_id = claim.issue_id
    refused = {_seq(one): reason for one, reason in outcome.refused.items()}
    deliveries.mark_each(connection, issue_id, refused, DeliveryState.REFUSED)
    if outcome.verdict is Verdict.ACCEPTED:
        span = (claim.first, claim.last)
        deliveries.mark(connection, issue_id, span, DeliveryState.SUBMITTED)
    else:
        reached = {_seq(one): "" for one in outcome.reached}
        deliveries.mark_each(connection, issue_id, reached, DeliveryState.SUBMITTED)


def _split(connection: sa.Connection, claim: Claim, outcome: Outcome) -> None:
    """Free the end of a batch that provably never left from the doubt about the rest."""
    unsent = sorted(map(_seq, outcome.unsent))
    row = batches.load(connection, (claim.issue_id, claim.seq))
    if row is None or not unsent:
        return
    acts.split_off(connection, row, [(unsent[0], claim.last)], claim.provider)


def _brake(
    connection: sa.Connection, publication: Publication, claim: Claim, now: datetime
) -> None:
    since = now - brake.FAILURE_WINDOW
    failures = batches.ambiguous_since(connection, claim.issue_id, since)
    if why := brake.verdict(brake.Reputation(0, failures=failures)):
        cause = alarm.Cause(f"failures:{claim.batch}", why, _RESUME)
        alarm.stop(connection, publication, claim.issue_id, cause, now=now)


_RESUME = "When the provider answers again, resume the issue; held batches wait for a decision."


def _stopped(claim: Claim, outcome: Outcome) -> alarm.Cause:
    return alarm.Cause(
        f"stopped:{claim.id}",
        f"{claim.provider}: {outcome.reason}",
        "Nothing more of it leaves until the cause is mended and the issue is resumed.",
    )


def _refused(claim: Claim, outcome: Outcome) -> alarm.Cause:
    return alarm.Cause(
        f"refused:{claim.id}",
        f"{claim.provider} refused batch {claim.batch}: {outcome.reason}",
        "Nobody in it was reached; mend the cause and resolve the batch with `again`.",
    )


def _seq(delivery: str) -> int:
    key = read_delivery(delivery)
    if key is None:
        msg = f"{delivery!r} is no delivery of ours"
        raise ValueError(msg)
    return key[1]
