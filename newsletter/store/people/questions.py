"""Questions whether someone still wants a newsletter: one row for each, the latest one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.store import marks
from newsletter.store.database import upsert
from newsletter.store.marks import Mark
from newsletter.store.people.question_tables import still_wanted


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question without an answer whose time is over."""

    subscriber_id: int
    asked_at: datetime


def day_of(now: datetime) -> int:
    """Return the day since 1970."""
    return int(now.timestamp()) // 86_400


def looked_through(connection: sa.Connection, newsletter: str) -> int:
    """Return the day since 1970 on which all subscribers of a newsletter were last looked at."""
    return marks.read(connection, Mark.INACTIVE_THROUGH, newsletter)


def cursor(connection: sa.Connection, newsletter: str) -> int:
    """Return the last subscriber who was looked at; 0 at the beginning."""
    return marks.read(connection, Mark.INACTIVE_AT, newsletter)


def move_cursor(connection: sa.Connection, newsletter: str, to: int, day: int) -> None:
    """Note the last subscriber who was looked at; 0 if these were all, which is noted for this day."""
    marks.write(connection, Mark.INACTIVE_AT, to, newsletter)
    if not to:
        marks.write(connection, Mark.INACTIVE_THROUGH, day, newsletter)


def ask(
    connection: sa.Connection,
    newsletter: str,
    subscriber_id: int,
    *,
    now: datetime,
    until: datetime,
    again: datetime,
) -> bool:
    """Record a question; return False if one was asked after `again`."""
    q = still_wanted.c
    values = {"asked_at": now, "until": until, "answered_at": None, "paused_at": None}
    statement = upsert(connection, still_wanted).values(
        newsletter=newsletter, subscriber_id=subscriber_id, **values
    )
    asked = statement.on_conflict_do_update(
        index_elements=[q.newsletter, q.subscriber_id], set_=values, where=q.asked_at <= again
    )
    return connection.scalar(asked.returning(q.subscriber_id)) is not None


def asked_since(connection: sa.Connection, newsletter: str, since: datetime) -> int:
    """Count the questions that were asked since a time."""
    q = still_wanted.c
    query = sa.select(sa.func.count()).where(q.newsletter == newsletter, q.asked_at > since)
    return int(connection.scalar(query) or 0)


def asked_among(
    connection: sa.Connection, newsletter: str, people: Collection[int], since: datetime
) -> set[int]:
    """Return those of `people` who have been asked since a time."""
    q = still_wanted.c
    query = sa.select(q.subscriber_id).where(
        q.newsletter == newsletter, q.subscriber_id.in_(people), q.asked_at > since
    )
    return set(connection.scalars(query))


def overdue(
    connection: sa.Connection, newsletter: str, now: datetime, limit: int
) -> list[OpenQuestion]:
    """Return questions that were not answered in time, oldest first."""
    q = still_wanted.c
    query = (
        sa.select(q.subscriber_id, q.asked_at)
        .where(
            q.newsletter == newsletter,
            q.answered_at.is_(None),
            q.paused_at.is_(None),
            q.until <= now,
        )
        .order_by(q.until, q.subscriber_id)
        .limit(limit)
    )
    return [OpenQuestion(*row) for row in connection.execute(query)]


def settle(
    connection: sa.Connection, newsletter: str, subscriber_id: int, **times: datetime
) -> None:
    """Record when a question was answered, or when the subscription was paused without an answer."""
    q = still_wanted.c
    mine = (q.newsletter == newsletter, q.subscriber_id == subscriber_id)
    connection.execute(still_wanted.update().where(*mine).values(**times))


def erase(connection: sa.Connection, subscriber_id: int) -> None:
    """Delete the questions to a subscriber."""
    mine = still_wanted.c.subscriber_id == subscriber_id
    connection.execute(still_wanted.delete().where(mine))
