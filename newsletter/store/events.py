"""Events: the raw requests until they are drained, then one row per event."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from newsletter.model.event import EventKind
from newsletter.store import marks
from newsletter.store.bulk import among, delete_some, insert_new
from newsletter.store.marks import Mark
from newsletter.store.tables import event_bodies, events


@dataclass(frozen=True, slots=True)
class RawBody:
    """A request as a provider posted it."""

    id: int
    provider: str
    body: bytes


class EventRow(NamedTuple):
    """An event as it is kept: about which delivery, without the address.

    `subscriber_id` is None for events that are not about one of our deliveries, and for opens and
    clicks that the newsletter does not count. `kind` is the value of an EventKind.
    """

    id: str
    kind: str
    at: datetime
    issue_id: int | None = None
    seq: int | None = None
    subscriber_id: int | None = None
    reason: str = ""


def keep_body(connection: sa.Connection, provider: str, body: bytes, *, now: datetime) -> None:
    """Store a request as it came."""
    connection.execute(event_bodies.insert().values(provider=provider, received_at=now, body=body))


def is_waiting(connection: sa.Connection) -> bool:
    """Return whether a stored request is not drained."""
    query = sa.select(event_bodies.c.id).where(event_bodies.c.problem == "").limit(1)
    return connection.scalar(query) is not None


def take_bodies(connection: sa.Connection, limit: int) -> list[RawBody]:
    """Lock and return the oldest requests; another drainer gets the next ones."""
    query = (
        sa.select(event_bodies.c.id, event_bodies.c.provider, event_bodies.c.body)
        .where(event_bodies.c.problem == "")
        .order_by(event_bodies.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [RawBody(*row) for row in connection.execute(query)]


def remove_bodies(connection: sa.Connection, ids: Collection[int]) -> None:
    """Delete requests whose events are recorded: they contain addresses."""
    connection.execute(event_bodies.delete().where(event_bodies.c.id.in_(ids)))


def set_problem(connection: sa.Connection, body_id: int, problem: str) -> None:
    """Put a request aside that cannot be read."""
    changed = event_bodies.update().where(event_bodies.c.id == body_id)
    connection.execute(changed.values(problem=problem))


def count_unreadable(connection: sa.Connection) -> int:
    """Count the requests that were put aside."""
    query = sa.select(sa.func.count()).where(event_bodies.c.problem != "")
    return int(connection.scalar(query) or 0)


def last_at(connection: sa.Connection) -> datetime | None:
    """Return the time of the latest event, None if there is none."""
    latest: datetime | None = connection.scalar(sa.select(sa.func.max(events.c.at)))
    return latest


def known(connection: sa.Connection, ids: Collection[str]) -> set[str]:
    """Return those of these events that are recorded."""
    query = sa.select(events.c.id).where(among(connection, events.c.id, ids))
    return set(connection.scalars(query))


def add(connection: sa.Connection, rows: Sequence[EventRow]) -> set[str]:
    """Insert events; return the ids of those that were not known."""
    return insert_new(connection, events, EventRow._fields, rows)


def with_soft_bounces(connection: sa.Connection, people: Collection[int], least: int) -> list[int]:
    """Return those of `people` (subscriber ids) of whom at least so many soft bounces are known."""
    query = (
        sa.select(events.c.subscriber_id)
        .where(
            among(connection, events.c.subscriber_id, people),
            events.c.kind == EventKind.SOFT_BOUNCED.value,
        )
        .group_by(events.c.subscriber_id)
        .having(sa.func.count() >= least)
    )
    return sorted(connection.scalars(query))


def moments(
    connection: sa.Connection, subscriber_id: int, kinds: Iterable[EventKind]
) -> Mapping[EventKind, list[datetime]]:
    """Return the times of a subscriber's events of these kinds."""
    found: dict[EventKind, list[datetime]] = {kind: [] for kind in kinds}
    query = sa.select(events.c.kind, events.c.at).where(
        events.c.subscriber_id == subscriber_id,
        events.c.kind.in_([kind.value for kind in found]),
    )
    for kind, at in connection.execute(query):
        found[EventKind(kind)].append(at)
    return found


def erase(connection: sa.Connection, subscriber_id: int) -> None:
    """Detach events from a subscriber; the counts of the issue stay."""
    connection.execute(
        events.update()
        .where(events.c.subscriber_id == subscriber_id)
        .values(subscriber_id=None, reason="")
    )


def purge(connection: sa.Connection, before: datetime) -> int:
    """Delete a portion of the events, and of the requests that could not be read, from before a time.

    Return how many. The time is marked: of an issue that began later, all events are kept.
    """
    marks.write(connection, Mark.EVENTS_PURGED, math.ceil(before.timestamp() / 60))
    unread = event_bodies.c.problem != "", event_bodies.c.received_at < before
    return delete_some(connection, events.c.id, events.c.at < before) or delete_some(
        connection, event_bodies.c.id, *unread
    )
