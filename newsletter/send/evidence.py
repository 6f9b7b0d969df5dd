"""Settle batches by evidence: an attempt that was seen somewhere has been accepted."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.batch import Batch, BatchKey, Claim, read_attempt
from newsletter.model.states import SETTLED_BY_EVIDENCE, BatchState, DeliveryState
from newsletter.store.content import issues
from newsletter.store.sending import attempts, batches, deliveries


def seen(connection: sa.Connection, attempt_ids: Iterable[str], *, now: datetime) -> list[str]:
    """Settle every batch of which one of these attempts was seen; return the ids that did so.

    Late, repeated, reordered and foreign ids are harmless. An attempt that was seen reached all of
    its recipients. So no batch with these recipients may be submitted again, including pieces that
    were split off since. If a newer attempt is running, its result takes precedence; if that
    attempt fails, `recall` settles the batch.
    """
    known = {key: text for text in attempt_ids if (key := read_attempt(text)) is not None}
    # Nearly every event is about an attempt that is known to be accepted: ask for all of them once.
    open_ = sorted(known.keys() - batches.accepted(connection, known))
    return [known[key] for key in open_ if _settle(connection, key, {}, now)]


def accepted(
    connection: sa.Connection, claim: Claim, refused: Mapping[int, str], *, now: datetime
) -> None:
    """Settle by a worker that lost its claim: accepted, except `refused` (number to reason)."""
    _settle(connection, (claim.issue_id, claim.seq, claim.attempt), refused, now)


def recall(connection: sa.Connection, key: BatchKey, *, now: datetime) -> bool:
    """Settle a batch whose earlier attempt was seen while a newer one was running."""
    batch = batches.load(connection, key)
    if batch is None:
        return False
    return attempts.seen(connection, batch.issue_id, batch.span) and any(
        _accept(connection, piece, SETTLED_BY_EVIDENCE, {}, now)
        for piece in batches.lock_within(connection, batch.issue_id, batch.span)
    )


def _settle(
    connection: sa.Connection,
    key: tuple[int, int, int],
    refused: Mapping[int, str],
    now: datetime,
) -> bool:
    issue_id, seq, attempt = key
    batch = batches.load(connection, (issue_id, seq))
    if batch is None or attempt > batch.attempt:
        return False
    if batch.state is BatchState.ACCEPTED and attempt == batch.attempt:
        return False  # answer without waiting for a lock
    issues.lock(connection, issue_id)
    span = attempts.see(connection, key, now) or batch.span
    done = False
    for piece in batches.lock_within(connection, issue_id, span):
        running = (piece.seq, piece.attempt) == (seq, attempt)
        states = SETTLED_BY_EVIDENCE | {BatchState.SUBMITTING} if running else SETTLED_BY_EVIDENCE
        done = _accept(connection, piece, states, refused, now) or done
    return done


def _accept(
    connection: sa.Connection,
    batch: Batch,
    states: Collection[BatchState],
    refused: Mapping[int, str],
    now: datetime,
) -> bool:
    """Mark a batch as accepted, and with it every delivery that has no outcome of its own."""
    if batch.state not in states:
        return False
    pending = deliveries.pending(connection, batch.issue_id, batch.span)
    restored = len(pending) if batch.state is BatchState.CANCELLED else 0
    rejected = {number: refused[number] for number in pending if number in refused}
    deliveries.mark_each(connection, batch.issue_id, rejected, DeliveryState.REFUSED)
    # Before the acceptance: it counts as submitted those who are neither refused nor withdrawn.
    batches.count_settled(connection, batch.key, refused=len(rejected), withdrawn=-restored)
    return batches.accept(connection, batch.key, from_states=states, now=now)
