"""What the provider's events say about our attempts: one that was seen has been accepted."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.batch import BatchState, read_attempt
from newsletter.model.delivery import DeliveryState
from newsletter.store import batches, deliveries

_OPEN = (BatchState.PREPARED, BatchState.UNKNOWN, BatchState.HELD)


def seen(connection: sa.Connection, attempt_ids: Iterable[str], *, now: datetime) -> list[str]:
    """Settle every batch of which one of these attempts was seen; return the ids that did so.

    Late, doubled, reordered and foreign ids are harmless. An attempt that was seen reached
    everybody in it, so a batch that waits to be submitted again must not be. A newer attempt that
    is under way speaks for itself.
    """
    settled = []
    for attempt_id in sorted(set(attempt_ids)):
        key = read_attempt(attempt_id)
        if key is not None and _settle(connection, key, now):
            settled.append(attempt_id)
    return settled


def _settle(connection: sa.Connection, key: tuple[int, int, int], now: datetime) -> bool:
    issue_id, seq, attempt = key
    row = batches.load(connection, (issue_id, seq))
    if row is None or attempt > row["attempt"]:
        return False
    states = (*_OPEN, BatchState.SUBMITTING) if attempt == row["attempt"] else _OPEN
    span = batches.accept(connection, (issue_id, seq), states=states, now=now)
    if span is None:
        return False
    deliveries.mark(connection, issue_id, span, DeliveryState.SUBMITTED)
    return True
