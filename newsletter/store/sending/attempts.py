"""Attempts that did not succeed, and evidence about them that arrived later."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.model.batch import Claim
from newsletter.model.states import BatchState
from newsletter.store.database import upsert
from newsletter.store.tables import attempts
from newsletter.store.types import UtcDateTime

HALVED = "halved"
"""The outcome of an attempt that was refused as a whole, and whose batch was cut in two."""


def note(
    connection: sa.Connection, claim: Claim, outcome: str, reason: str, last: int, now: datetime
) -> None:
    """Note the outcome of an attempt, and the last delivery that it may have reached.

    A second outcome of the same attempt is appended to the first.
    """
    statement = upsert(connection, attempts).values(
        issue_id=claim.issue_id,
        seq=claim.seq,
        attempt=claim.attempt,
        provider=claim.provider,
        owner=claim.owner,
        ended_at=now,
        outcome=outcome,
        reason=reason,
        first_seq=claim.first,
        last_seq=last,
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[attempts.c.issue_id, attempts.c.seq, attempts.c.attempt],
            set_={
                "outcome": attempts.c.outcome + ", " + statement.excluded.outcome,
                "reason": statement.excluded.reason,
                "ended_at": statement.excluded.ended_at,
            },
        )
    )


def see(
    connection: sa.Connection, key: tuple[int, int, int], now: datetime
) -> tuple[int, int] | None:
    """Note that an attempt was seen; return the range of deliveries that it carried.

    Return None if nothing was noted of it: then its batch still has that range.
    """
    row = connection.execute(
        attempts.update()
        .where(
            attempts.c.issue_id == key[0], attempts.c.seq == key[1], attempts.c.attempt == key[2]
        )
        .values(seen_at=sa.func.coalesce(attempts.c.seen_at, sa.literal(now, UtcDateTime())))
        .returning(attempts.c.first_seq, attempts.c.last_seq)
    ).first()
    return None if row is None or row[0] is None else (row[0], row[1])


def seen(connection: sa.Connection, issue_id: int, span: tuple[int, int]) -> bool:
    """Return whether an attempt was seen that carried a whole range of deliveries."""
    query = sa.select(sa.literal(1)).where(
        attempts.c.issue_id == issue_id,
        attempts.c.seen_at.is_not(None),
        attempts.c.first_seq <= span[0],
        attempts.c.last_seq >= span[1],
    )
    return connection.scalar(query.limit(1)) is not None


def unknown(connection: sa.Connection, issue_id: int) -> dict[int, list[int]]:
    """Return the attempts of an issue whose outcome was unknown, by the number of their batch."""
    query = sa.select(attempts.c.seq, attempts.c.attempt).where(
        attempts.c.issue_id == issue_id, attempts.c.outcome.contains(BatchState.UNKNOWN.value)
    )
    found: dict[int, list[int]] = {}
    for seq, attempt in connection.execute(query):
        found.setdefault(seq, []).append(attempt)
    return found


def refused_since(connection: sa.Connection, issue_id: int, since: datetime) -> int:
    """Count the attempts of an issue that were refused after `since`, cut in two or not."""
    query = sa.select(sa.func.count()).where(
        attempts.c.issue_id == issue_id,
        attempts.c.outcome.in_([HALVED, BatchState.REFUSED.value]),
        attempts.c.ended_at > since,
    )
    return int(connection.scalar(query) or 0)


def of_issue(connection: sa.Connection, issue_id: int) -> list[Mapping[Any, Any]]:
    """Return the attempts at an issue's batches that did not simply succeed, in order."""
    query = (
        sa.select(attempts)
        .where(attempts.c.issue_id == issue_id)
        .order_by(attempts.c.seq, attempts.c.attempt)
    )
    return list(connection.execute(query).mappings().all())
