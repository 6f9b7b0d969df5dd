"""Sums over the batches of an issue: no page and no report counts deliveries."""

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from newsletter.model.states import BatchState
from newsletter.store.tables import batches, rates

_AWAITING = batches.c.planned - batches.c.submitted - batches.c.refused - batches.c.withdrawn


@dataclass(frozen=True, slots=True)
class StateTotals:
    """The sums of all batches of an issue in one state.

    `awaiting` are the recipients that share the state of their batch; the other counters are
    recipients that were settled one by one.
    """

    state: BatchState
    batches: int
    awaiting: int
    planned: int
    submitted: int
    refused: int
    withdrawn: int
    delivered: int
    deferred: int
    blocked: int
    bounced: int
    dropped: int
    complained: int


@dataclass(frozen=True, slots=True)
class Remainder:
    """What of an issue waits for one provider.

    `not_before` is the time of the first batch, None if one may be sent now; `free_at` is when the
    provider takes the next one, `reason` what delayed a batch.
    """

    provider: str
    people: int
    not_before: datetime | None
    free_at: datetime | None
    reason: str


def by_state(connection: sa.Connection, issue_id: int) -> list[StateTotals]:
    """Return the sums of the counters by batch state."""
    b = batches.c
    counted = tuple(StateTotals.__dataclass_fields__)[3:]
    sums = [sa.func.coalesce(sa.func.sum(b[name]), 0) for name in counted]
    query = (
        sa.select(b.state, sa.func.count(), sa.func.sum(_AWAITING), *sums)
        .where(b.issue_id == issue_id)
        .group_by(b.state)
    )
    return [
        StateTotals(BatchState(state), *(int(number) for number in numbers))
        for state, *numbers in connection.execute(query)
    ]


def remaining(connection: sa.Connection, issue_id: int) -> list[Remainder]:
    """Return what has not been submitted of an issue, by provider."""
    b = batches.c
    timeless = sa.func.sum(sa.case((b.not_before.is_(None), 1), else_=0))
    query = (
        sa.select(
            b.provider,
            sa.func.sum(_AWAITING),
            sa.case((timeless == 0, sa.func.min(b.not_before))),
            rates.c.free_at,
            sa.func.max(b.reason),
        )
        .outerjoin(rates, rates.c.name == b.provider)
        .where(b.issue_id == issue_id, b.state == BatchState.PREPARED.value)
        .group_by(b.provider, rates.c.free_at)
        .order_by(b.provider)
    )
    return [
        Remainder(
            provider,
            int(people),
            not_before,
            datetime.fromtimestamp(free_at, UTC) if free_at else None,
            reason,
        )
        for provider, people, not_before, free_at, reason in connection.execute(query)
    ]
