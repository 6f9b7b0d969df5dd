"""Sign-up requests, and the counts that limit the emails they cause."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from subscribers.model import WAY_BACK, SignUpRequest
from subscribers.store.tables import requests
from subscribers.store.tables import subscribers as people

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request that is not stored yet."""

    newsletters: Sequence[str]
    topics: Sequence[str]
    language: str
    source: str
    wording: str
    network: str


def add(
    connection: sa.Connection,
    subscriber_id: int,
    new_request: NewRequest,
    *,
    emailed: bool,
    now: datetime,
) -> int:
    """Store a request and return its ID."""
    new = requests.insert().values(
        subscriber_id=subscriber_id,
        at=now,
        newsletters=list(new_request.newsletters),
        topics=list(new_request.topics),
        language=new_request.language,
        source=new_request.source,
        wording=new_request.wording,
        network=new_request.network,
        mailed=emailed,
    )
    return int(connection.execute(new.returning(requests.c.id)).scalar_one())


def load(connection: sa.Connection, request_id: int, subscriber_id: int) -> SignUpRequest | None:
    """Return a request of this subscriber, or None."""
    row = connection.execute(
        sa.select(requests).where(
            requests.c.id == request_id, requests.c.subscriber_id == subscriber_id
        )
    ).first()
    return None if row is None else _request(row)


def confirm(connection: sa.Connection, request_id: int, now: datetime) -> bool:
    """Mark a request as confirmed; False if it already was."""
    done = connection.execute(
        requests.update()
        .where(requests.c.id == request_id, requests.c.confirmed_at.is_(None))
        .values(confirmed_at=now)
    )
    return done.rowcount == 1


def by_network(connection: sa.Connection, now: datetime) -> dict[str, int]:
    """Count the sign-ups of the last hour by network."""
    recent = (
        sa.select(requests.c.network, sa.func.count().label("sign_ups"))
        .where(requests.c.source != WAY_BACK, requests.c.at > now - _HOUR)
        .group_by(requests.c.network)
    )
    return {row.network: row.sign_ups for row in connection.execute(recent)}


def emailed_within_an_hour(connection: sa.Connection, now: datetime) -> int:
    """Count the confirmation emails of the last hour to all addresses."""
    counted = (requests.c.mailed, requests.c.source != WAY_BACK)
    return _count(connection, *counted, requests.c.at > now - _HOUR)


def emailed_to(connection: sa.Connection, subscriber_id: int) -> int:
    """Count the unanswered confirmation emails to a subscriber."""
    return _count(connection, requests.c.subscriber_id == subscriber_id, *_unanswered())


def emailed_to_inbox(connection: sa.Connection, address_key: str, now: datetime) -> int:
    """Count the unanswered confirmation emails of the last day to an inbox.

    ann+a@ and ann+b@ arrive in the inbox of ann@, so that tags cannot multiply the emails.
    """
    local, _, domain = address_key.rpartition("@")
    base = local.partition("+")[0] or local
    key = people.c.address_key
    tagged = sa.and_(
        key.startswith(f"{base}+", autoescape=True), key.endswith(f"@{domain}", autoescape=True)
    )
    mine = sa.select(people.c.id).where(
        people.c.id == requests.c.subscriber_id, sa.or_(key == f"{base}@{domain}", tagged)
    )
    return _count(connection, requests.c.at > now - _DAY, *_unanswered(), mine.exists())


def traffic(connection: sa.Connection, now: datetime) -> tuple[int, int, float]:
    """Count the emailed sign-ups of the last hour that are unconfirmed and that are confirmed.

    The third number is how many of an hour stayed unconfirmed on average in the week before.
    """
    emailed = (requests.c.mailed, requests.c.source != WAY_BACK)
    last_hour = requests.c.at > now - _HOUR
    before = (requests.c.at <= now - _HOUR, requests.c.at > now - _WEEK)
    unconfirmed = requests.c.confirmed_at.is_(None)
    usual = _count(connection, *emailed, *before, unconfirmed) / (_WEEK / _HOUR - 1)
    return (
        _count(connection, *emailed, last_hour, unconfirmed),
        _count(connection, *emailed, last_hour, requests.c.confirmed_at.is_not(None)),
        usual,
    )


def _unanswered() -> tuple[sa.ColumnElement[bool], ...]:
    return (requests.c.mailed, requests.c.source != WAY_BACK, requests.c.confirmed_at.is_(None))


def all_of(connection: sa.Connection, subscriber_id: int) -> list[dict[str, Any]]:
    """Return everything stored about a subscriber's requests, oldest first, to show it to them."""
    mine = sa.select(requests).where(requests.c.subscriber_id == subscriber_id)
    return [
        {
            "at": row.at.isoformat(),
            "newsletters": list(row.newsletters),
            "topics": list(row.topics),
            "language": row.language,
            "source": row.source,
            "wording": row.wording,
            "network": row.network,
            "mailed": row.mailed,
            "confirmed_at": row.confirmed_at.isoformat() if row.confirmed_at else "",
        }
        for row in connection.execute(mine.order_by(requests.c.id))
    ]


def _count(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> int:
    chosen = sa.select(sa.func.count()).select_from(requests).where(*conditions)
    return connection.scalar(chosen) or 0


def _request(row: sa.Row[Any]) -> SignUpRequest:
    return SignUpRequest(
        id=row.id,
        subscriber_id=row.subscriber_id,
        at=row.at,
        newsletters=tuple(row.newsletters),
        topics=tuple(row.topics),
        language=row.language,
        source=row.source,
        wording=row.wording,
        network=row.network,
        confirmed_at=row.confirmed_at,
    )
