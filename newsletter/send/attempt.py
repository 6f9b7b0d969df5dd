"""Record what became of one attempt: provider's answer in, states and alarms out."""

from dataclasses import replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.esp.port import Outcome, Verdict
from newsletter.model.batch import Claim, Result
from newsletter.model.delivery import read_delivery
from newsletter.model.publication import Publication
from newsletter.model.states import BatchState, DeliveryState
from newsletter.send import alarm, brake, feedback, pieces, volume
from newsletter.store.content import issues
from newsletter.store.sending import attempts, batches, claims, deliveries, rates

HALVINGS = 3
"""How often a refusal that names nobody cuts a batch in two, before a person looks at an eighth."""


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
    if outcome.verdict is not Verdict.ACCEPTED:
        issues.lock(connection, claim.issue_id)
    if not claims.settle(connection, claim, result, now=now):
        if outcome.verdict is Verdict.ACCEPTED:
            feedback.accepted(connection, claim, _refusals(outcome), now=now)
        return result
    _deliveries(connection, claim, outcome)
    if outcome.verdict in {Verdict.UNSENT, Verdict.REFUSED}:
        stayed = claim.last - claim.first + 1 - len(outcome.reached)
        volume.count(connection, publication, -stayed, now)  # before rates: as a claim does
    if outcome.wait is not None and not outcome.deferred:
        rates.hold(connection, claim.provider, now + timedelta(seconds=outcome.wait))
    if result.state is BatchState.ACCEPTED:
        return result
    result = _failed(connection, claim, result, now)
    _tell(connection, publication, claim, outcome, result, now)
    return result


def judged(claim: Claim, outcome: Outcome, now: datetime) -> Result:
    """Return what an outcome makes of its batch.

    A refusal that names its recipients gives the rest one new attempt, and only one. One that names
    nobody has the batch cut in two, so that whoever it is about keeps few others waiting. The end
    of a batch that provably never left is freed from the doubt about the rest. An attempt in which
    some were told to come later counts as a rejection, too: that is not asked for ever.
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
        rejected=outcome.deferred or outcome.verdict is Verdict.REFUSED,
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
    """Return the delivery with which the piece begins that goes on as a batch of its own."""
    match outcome.verdict:
        case Verdict.UNKNOWN if outcome.unsent:
            begin = min(map(_seq, outcome.unsent))
            return begin if begin > claim.first else None
        case Verdict.REFUSED if not outcome.refused and _halved(claim):
            return (claim.first + claim.last) // 2 + 1
    return None


def _halved(claim: Claim) -> bool:
    return claim.first < claim.last and claim.rejections < HALVINGS


def _deliveries(connection: sa.Connection, claim: Claim, outcome: Outcome) -> None:
    issue_id = claim.issue_id
    deliveries.mark_each(connection, issue_id, _refusals(outcome), DeliveryState.REFUSED)
    if outcome.verdict is Verdict.ACCEPTED:
        span = (claim.first, claim.last)
        deliveries.mark(connection, issue_id, span, DeliveryState.SUBMITTED)
    else:
        reached = {_seq(one): "" for one in outcome.reached}
        deliveries.mark_each(connection, issue_id, reached, DeliveryState.SUBMITTED)


def _refusals(outcome: Outcome) -> dict[int, str]:
    return {_seq(one): reason for one, reason in outcome.refused.items()}


def _failed(connection: sa.Connection, claim: Claim, result: Result, now: datetime) -> Result:
    """Cut a batch as judged, unless an earlier attempt is known to have reached all of it."""
    key = (claim.issue_id, claim.seq)
    if feedback.recall(connection, key, now=now):
        return replace(result, state=BatchState.ACCEPTED)
    row = batches.load(connection, key)
    if row is not None and result.cut is not None:
        pieces.split_off(
            connection,
            row,
            [(result.cut, claim.last)],
            claim.provider,
            frm=result.state,
            unknown_at=claim.unknown_at,
        )
    return result


def _tell(
    connection: sa.Connection,
    publication: Publication,
    claim: Claim,
    outcome: Outcome,
    result: Result,
    now: datetime,
) -> None:
    """Pause the issue or tell staff, where a failure asks for it."""
    if outcome.verdict in {Verdict.UNKNOWN, Verdict.REFUSED}:
        _brake(connection, publication, claim, now)
    if outcome.stop:
        alarm.stop(connection, publication, claim.issue_id, _stopped(claim, outcome), now=now)
    elif result.state is BatchState.REFUSED:
        alarm.tell(connection, publication, claim.issue_id, _refused(claim, outcome), now=now)


def _brake(
    connection: sa.Connection, publication: Publication, claim: Claim, now: datetime
) -> None:
    since = now - brake.FAILURE_WINDOW
    seen = brake.Reputation(
        0,
        failures=batches.failed_since(connection, claim.issue_id, since),
        refusals=attempts.refused_since(connection, claim.issue_id, since),
    )
    if why := brake.verdict(seen):
        cause = alarm.Cause(f"failures:{claim.batch}", why, _RESUME)
        alarm.stop(connection, publication, claim.issue_id, cause, now=now)


_RESUME = (
    "When the cause is mended, resume the issue; batches that are held or refused wait for a"
    " decision."
)


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
