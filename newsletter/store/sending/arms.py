"""The arms of a test of two subjects, as the database computes and counts them."""

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from newsletter.model.states import BatchState
from newsletter.model.subjects import BUCKETS, FIRST, PRIME, SECOND, Arm, SubjectTest
from newsletter.store.tables import batches, editions, issues

AWAITING = batches.c.planned - batches.c.submitted - batches.c.refused - batches.c.withdrawn
"""The recipients of a batch about whom nothing is decided."""


def arm(subscriber: sa.ColumnElement[int], issue_id: int, test: SubjectTest) -> sa.Case[str]:
    """Return the arm of a subscriber, as `model.subjects.arm_of` does."""
    found = _bucket(sa.cast(subscriber, sa.BigInteger), issue_id)
    return sa.case(
        (found < test.half, Arm.A.value),
        (found < 2 * test.half, Arm.B.value),
        else_=Arm.REST.value,
    )


def _bucket(subscriber: sa.ColumnElement[int], issue_id: int) -> sa.ColumnElement[int]:
    mixed = (subscriber % PRIME * SECOND + issue_id * FIRST % PRIME) % PRIME
    return (mixed * mixed % PRIME + subscriber % PRIME) % PRIME * SECOND % PRIME % BUCKETS


def undecided() -> sa.ColumnElement[bool]:
    """Return whether a batch waits until a subject is chosen; needs `issues` beside `batches`."""
    return sa.and_(batches.c.arm == Arm.REST.value, issues.c.winner == "")


def choose(connection: sa.Connection, issue_id: int, pairs: Mapping[int, int], winner: Arm) -> int:
    """Give the rest of an issue the winner's editions; return how many recipients it has.

    `pairs` are the editions of A and B with the same contents.
    """
    rest = (batches.c.issue_id == issue_id, batches.c.arm == Arm.REST.value)
    for first, second in pairs.items():
        if winner is Arm.B:
            given = batches.update().where(*rest, batches.c.edition_id == first)
            connection.execute(given.values(edition_id=second))
    prepared = batches.c.state == BatchState.PREPARED.value
    return int(connection.scalar(sa.select(sa.func.sum(AWAITING)).where(*rest, prepared)) or 0)


@dataclass(frozen=True, slots=True)
class ArmTotals:
    """The recipients of one arm: planned, submitted, and still to be submitted."""

    arm: Arm
    planned: int
    submitted: int
    waiting: int


def totals(connection: sa.Connection, issue_id: int) -> list[ArmTotals]:
    """Return the sums of the counters by arm, of the arms that have recipients."""
    b = batches.c
    waiting = sa.case((b.state == BatchState.PREPARED.value, AWAITING), else_=0)
    query = (
        sa.select(b.arm, sa.func.sum(b.planned), sa.func.sum(b.submitted), sa.func.sum(waiting))
        .where(b.issue_id == issue_id, b.arm != "")
        .group_by(b.arm)
        .order_by(b.arm)
    )
    return [ArmTotals(Arm(row[0]), *map(int, row[1:])) for row in connection.execute(query)]


def subjects(connection: sa.Connection, issue_id: int) -> dict[Arm, tuple[str, str]]:
    """Return the subject of each arm's first edition, with its nonce."""
    e = editions.c
    query = sa.select(e.arm, e.subject, e.nonce).where(e.issue_id == issue_id, e.arm != "")
    rows = connection.execute(query.order_by(e.seq.desc()))
    return {Arm(row[0]): (row[1], row[2]) for row in rows}
