"""What the provider's events say about our attempts: one that was seen has been accepted."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.model.batch import Claim, read_attempt
from newsletter.model.states import BatchState, DeliveryState
from newsletter.send.acts import CANCELLED
from newsletter.store.content import issues
from newsletter.store.sending import attempts, batches, deliveries

_OPEN = (
    BatchState.PREPARED,
    BatchState.REFUSED,
    BatchState.UNKNOWN,
    BatchState.HELD,
    BatchState.CANCELLED,
)


def seen(connection: sa.Connection, attempt_ids: Iterable[str], *, now: datetime) -> list[str]:
    """Settle every batch of which one of these attempts was seen; return the ids that did so.

    Late, doubled, reordered and foreign ids are harmless. An attempt that was seen reached
    everybody in it, so a batch that waits to be submitted again must not be, nor a piece that was
    cut from it since. A newer attempt that is under way speaks for itself; if it fails, `recall`
    knows better.
    """
    known = {key: text for text in attempt_ids if (key := read_attempt(text)) is not None}
    return [known[key] for key in sorted(known) if _settle(connection, key, {}, now)]


def accepted(
    connection: sa.Connection, claim: Claim, refused: Mapping[int, str], *, now: datetime
) -> None:
    """Take the word of a worker that lost its claim: accepted, but for those it names (by number)."""
    _settle(connection, (claim.issue_id, claim.seq, claim.attempt), refused, now)


def recall(connection: sa.Connection, key: tuple[int, int], *, now: datetime) -> bool:
    """Settle a batch whose earlier attempt was seen while a newer one was under way."""
    row = batches.load(connection, key)
    if row is None:
        return False
    issue_id, span = key[0], (row["first_seq"], row["last_seq"])
    return attempts.seen(connection, issue_id, span) and any(
        _accept(connection, one, _OPEN, {}, now)
        for one in batches.take_within(connection, issue_id, span)
    )


def _settle(
    connection: sa.Connection,
    key: tuple[int, int, int],
    refused: Mapping[int, str],
    now: datetime,
) -> bool:
    issue_id, seq, attempt = key
    row = batches.load(connection, (issue_id, seq))
    if row is None or attempt > row["attempt"]:
        return False
    if row["state"] == BatchState.ACCEPTED.value and attempt == row["attempt"]:
        return False  # nearly every event; it need not wait for anybody
    issues.lock(connection, issue_id)
    span = attempts.see(connection, key, now) or (row["first_seq"], row["last_seq"])
    done = False
    for one in batches.take_within(connection, issue_id, span):
        under_way = (one["seq"], one["attempt"]) == (seq, attempt)
        states = (*_OPEN, BatchState.SUBMITTING) if under_way else _OPEN
        done = _accept(connection, one, states, refused, now) or done
    return done


def _accept(
    connection: sa.Connection,
    row: Mapping[Any, Any],
    states: tuple[BatchState, ...],
    refused: Mapping[int, str],
    now: datetime,
) -> bool:
    """Mark a batch accepted, and submitted whoever of it was not settled one by one."""
    if row["state"] not in states:
        return False
    issue_id, span = row["issue_id"], (row["first_seq"], row["last_seq"])
    back = 0
    if row["state"] == BatchState.CANCELLED.value:
        back = deliveries.give_back(connection, issue_id, span, CANCELLED)
    turned_away = sum(
        deliveries.mark(connection, issue_id, (one, one), DeliveryState.REFUSED, reason)
        for one, reason in refused.items()
        if span[0] <= one <= span[1]
    )
    key = (issue_id, row["seq"])
    batches.shift(
        connection,
        key,
        frm=states,
        withdrawn=row["withdrawn"] - back,
        refused=row["refused"] + turned_away,
    )
    batches.accept(connection, key, states=states, now=now)
    deliveries.mark(connection, issue_id, span, DeliveryState.SUBMITTED)
    return True
