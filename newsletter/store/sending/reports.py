"""What became of submitted deliveries, as the provider reports it: states and their counters."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping

import sqlalchemy as sa

from newsletter.model.delivery import advance
from newsletter.model.states import DeliveryState
from newsletter.store.bulk import among, update_many
from newsletter.store.sending import outcomes
from newsletter.store.tables import batches, deliveries

COUNTED = (
    DeliveryState.DEFERRED,
    DeliveryState.DELIVERED,
    DeliveryState.BLOCKED,
    DeliveryState.BOUNCED,
    DeliveryState.DROPPED,
    DeliveryState.COMPLAINED,
)
"""The states that the counters of a batch have."""
REPORTED_FROM = {DeliveryState.SUBMITTED, *COUNTED}
"""The states in which a report still moves a delivery."""
_STATES = {state.value: state for state in DeliveryState}


def recipients(
    connection: sa.Connection, issue_id: int, numbers: Collection[int]
) -> dict[int, int]:
    """Return the subscriber of each of these deliveries, by number."""
    query = sa.select(deliveries.c.seq, deliveries.c.subscriber_id).where(
        deliveries.c.issue_id == issue_id, among(connection, deliveries.c.seq, numbers)
    )
    return {row[0]: row[1] for row in connection.execute(query).all()}


def editions(connection: sa.Connection, issue_id: int, numbers: Collection[int]) -> dict[int, int]:
    """Return the edition of each of these deliveries, by number."""
    query = sa.select(deliveries.c.seq, deliveries.c.edition_id).where(
        deliveries.c.issue_id == issue_id, among(connection, deliveries.c.seq, numbers)
    )
    return {row[0]: row[1] for row in connection.execute(query).all()}


def move(
    connection: sa.Connection, issue_id: int, reported: Mapping[int, tuple[DeliveryState, str]]
) -> None:
    """Move deliveries (number to state and reason) by rank, and their batches' counters with them.

    A delivery that was not submitted stays as it is. Rows are locked in the order of their
    numbers, so that two drainers do not wait for each other in a circle.
    """
    present = _lock(connection, issue_id, reported)
    rows: list[tuple[object, ...]] = []
    counters: defaultdict[int, Counter[DeliveryState]] = defaultdict(Counter)
    batch_of = _batches(connection, issue_id, present)
    for number, state in present.items():
        seen, reason = reported[number]
        if state not in REPORTED_FROM or advance(state, seen) is state:
            continue
        rows.append((str(seen), reason or None, number))
        counter = counters[batch_of(number)]
        counter[seen] += 1
        if state in COUNTED:
            counter[state] -= 1
    if rows:
        its_own = ("issue_id", issue_id)
        update_many(connection, deliveries, its_own, "seq", ("state", "reason"), rows)
        changes = [
            {"of_issue": issue_id, "of_seq": seq, **_changes(counter)}
            for seq, counter in sorted(counters.items())
        ]
        connection.execute(_COUNTED, changes)


def _changes(counter: Counter[DeliveryState]) -> dict[str, int]:
    return {f"more_{state.value}": counter[state] for state in COUNTED}


def _lock(
    connection: sa.Connection, issue_id: int, numbers: Collection[int]
) -> dict[int, DeliveryState]:
    query = (
        sa.select(deliveries.c.seq, outcomes.state())
        .where(deliveries.c.issue_id == issue_id, among(connection, deliveries.c.seq, numbers))
        .order_by(deliveries.c.seq)
        .with_for_update(of=deliveries)
    )
    return {row[0]: _STATES[row[1]] for row in connection.execute(query).all()}


def _batches(
    connection: sa.Connection, issue_id: int, numbers: Collection[int]
) -> Callable[[int], int]:
    """Return the function from a delivery's number to the number of its batch."""
    first, last = min(numbers, default=0), max(numbers, default=0)
    query = sa.select(batches.c.first_seq, batches.c.seq).where(
        batches.c.issue_id == issue_id,
        batches.c.first_seq <= last,
        batches.c.last_seq >= first,
    )
    ranges = [tuple(row) for row in connection.execute(query.order_by(batches.c.first_seq))]
    firsts = [row[0] for row in ranges]
    return lambda number: ranges[bisect_right(firsts, number) - 1][1]


_COUNTED = (
    batches.update()
    .where(batches.c.issue_id == sa.bindparam("of_issue"), batches.c.seq == sa.bindparam("of_seq"))
    .values(
        {
            batches.c[state.value]: batches.c[state.value] + sa.bindparam(f"more_{state.value}")
            for state in COUNTED
        }
    )
)
