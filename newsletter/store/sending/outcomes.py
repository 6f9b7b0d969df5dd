"""What became of each delivery: the only place that reads a delivery's row with its batch's.

A batch carries the outcome that its deliveries share. A delivery's row is written only if its
outcome differs; until then it is `pending`. So a batch of a thousand is settled by one row, and the
proof of a send is still per recipient.

The expressions are for a query on `deliveries`. For each row that is pending, they look the batch
up in the index of where batches begin: a join by range tempts PostgreSQL to compare each row with
each batch.
"""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from newsletter.model.states import SHARED_OUTCOMES, BatchState, DeliveryState
from newsletter.store.tables import batches, deliveries

SUBMITTED = frozenset(
    {
        DeliveryState.SUBMITTED,
        DeliveryState.DEFERRED,
        DeliveryState.DELIVERED,
        DeliveryState.BLOCKED,
        DeliveryState.BOUNCED,
        DeliveryState.DROPPED,
        DeliveryState.COMPLAINED,
    }
)
"""The states of a delivery that the provider accepted, with any later outcome."""


def shares() -> sa.ColumnElement[bool]:
    """Whether a delivery has no outcome of its own."""
    return deliveries.c.state == DeliveryState.PENDING.value


def state() -> sa.ColumnElement[str]:
    """Return the state of a delivery: its own, or what its batch's state means for it."""
    meanings = {state.value: outcome.value for state, outcome in SHARED_OUTCOMES.items()}
    shared = sa.case(meanings, value=batches.c.state, else_=DeliveryState.PENDING.value)
    pending = sa.literal(DeliveryState.PENDING.value)
    of_batch = sa.func.coalesce(_of_its_batch(shared), pending)
    return sa.case((shares(), of_batch), else_=deliveries.c.state)


def reason() -> sa.ColumnElement[str | None]:
    """Return why a delivery was refused or withdrawn: its own reason, or a cancelled batch's."""
    shared = sa.case((batches.c.state == BatchState.CANCELLED.value, batches.c.reason))
    return sa.case((shares(), _of_its_batch(shared)), else_=deliveries.c.reason)


def maybe_reached(states: Collection[DeliveryState] = SUBMITTED) -> sa.ColumnElement[bool]:
    """Whether a delivery is in one of these states of submission, or its batch is in doubt.

    A batch is in doubt while it is under way. One whose outcome was unknown once stays in doubt
    until it is accepted or cancelled.
    """
    b = batches.c
    of_batch = sa.case(
        (b.state == BatchState.ACCEPTED.value, int(DeliveryState.SUBMITTED in states)),
        (b.state == BatchState.CANCELLED.value, 0),
        (b.state == BatchState.SUBMITTING.value, 1),
        (b.unknown_at.is_not(None), 1),
        else_=0,
    )
    own = deliveries.c.state.in_(sorted(state.value for state in states))
    return sa.or_(own, sa.and_(shares(), _of_its_batch(of_batch) == 1))


def _of_its_batch(value: sa.ColumnElement[Any]) -> sa.ScalarSelect[Any]:
    """Return a value of the batch of a delivery: the last one that begins at it or before."""
    return (
        sa.select(value)
        .where(batches.c.issue_id == deliveries.c.issue_id, batches.c.first_seq <= deliveries.c.seq)
        .order_by(batches.c.first_seq.desc())
        .limit(1)
        .correlate(deliveries)
        .scalar_subquery()
    )
