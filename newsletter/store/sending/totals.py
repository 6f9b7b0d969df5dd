"""Sums over the batches of an issue: no page and no report counts deliveries."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from newsletter.model.issue_report import REPORTED, RecipientCounts
from newsletter.model.states import BatchState
from newsletter.store.database import hours_since_1970
from newsletter.store.sending import arms
from newsletter.store.sending.arms import AWAITING
from newsletter.store.tables import batches, issues, rates


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
        sa.select(b.state, sa.func.count(), sa.func.sum(AWAITING), *sums)
        .where(b.issue_id == issue_id)
        .group_by(b.state)
    )
    return [
        StateTotals(BatchState(state), *(int(number) for number in numbers))
        for state, *numbers in connection.execute(query)
    ]


def remaining(connection: sa.Connection, issue_id: int) -> list[Remainder]:
    """Return what has not been submitted of an issue, by provider.

    Without the recipients who wait until a subject is chosen.
    """
    b = batches.c
    timeless = sa.func.sum(sa.case((b.not_before.is_(None), 1), else_=0))
    query = (
        sa.select(
            b.provider,
            sa.func.sum(AWAITING),
            sa.case((timeless == 0, sa.func.min(b.not_before))),
            rates.c.free_at,
            sa.func.max(b.reason),
        )
        .join(issues, issues.c.id == b.issue_id)
        .outerjoin(rates, rates.c.name == b.provider)
        .where(b.issue_id == issue_id, b.state == BatchState.PREPARED.value, ~arms.undecided())
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


def by_edition(connection: sa.Connection, issue_id: int) -> dict[int, RecipientCounts]:
    """Return the recipients of each edition of an issue, by the id of the edition."""
    return _reaches(connection, batches.c.edition_id, batches.c.issue_id == issue_id)


def by_issue(connection: sa.Connection, issue_ids: Collection[int]) -> dict[int, RecipientCounts]:
    """Return the recipients of each of these issues."""
    return _reaches(connection, batches.c.issue_id, batches.c.issue_id.in_(issue_ids))


def _reaches(
    connection: sa.Connection, key: sa.Column[int], chosen: sa.ColumnElement[bool]
) -> dict[int, RecipientCounts]:
    """Sum the counters of batches by a column.

    A batch that the provider refused reached no one; its recipients count as refused.
    """
    b = batches.c
    refused = sa.case((b.state == BatchState.REFUSED.value, AWAITING), else_=0)
    states = [b[state.value] for state in REPORTED]
    counters = (b.planned, b.submitted, b.refused + refused, b.withdrawn, *states)
    query = sa.select(key, *map(sa.func.sum, counters)).where(chosen).group_by(key)
    found = {}
    for value, planned, submitted, declined, withdrawn, *reported in connection.execute(query):
        numbers = zip(REPORTED, map(int, reported), strict=True)
        found[value] = RecipientCounts(
            int(planned), int(submitted), int(declined), int(withdrawn), dict(numbers)
        )
    return found


def submitted_by_hour(connection: sa.Connection, issue_id: int) -> dict[int, int]:
    """Return how many emails of an issue were submitted in each hour since 1970.

    Emails of a batch that is not settled yet do not count.
    """
    hour = hours_since_1970(connection, batches.c.settled_at)
    query = (
        sa.select(hour, sa.func.sum(batches.c.submitted))
        .where(batches.c.issue_id == issue_id, batches.c.settled_at.is_not(None))
        .group_by(hour)
    )
    return {int(row[0]): int(row[1]) for row in connection.execute(query)}


def submitted_since(connection: sa.Connection, issue_id: int, since: datetime) -> int:
    """Return how many emails were submitted by the batches of an issue that settled since."""
    query = sa.select(sa.func.coalesce(sa.func.sum(batches.c.submitted), 0)).where(
        batches.c.issue_id == issue_id, batches.c.settled_at >= since
    )
    return int(connection.scalar(query) or 0)


def providers(connection: sa.Connection, issue_ids: Collection[int]) -> dict[int, set[str]]:
    """Return the providers that the batches of each issue went to."""
    query = (
        sa.select(batches.c.issue_id, batches.c.provider)
        .where(batches.c.issue_id.in_(issue_ids))
        .distinct()
    )
    found: dict[int, set[str]] = {issue_id: set() for issue_id in issue_ids}
    for issue_id, provider in connection.execute(query):
        found[issue_id].add(provider)
    return found


def planned(connection: sa.Connection, issue_id: int) -> int:
    """Return how many recipients an issue had when its audience was frozen; 0 before that."""
    return connection.scalar(sa.select(issues.c.planned).where(issues.c.id == issue_id)) or 0
