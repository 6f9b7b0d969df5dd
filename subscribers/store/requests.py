"""Sign-up requests, and the counts that limit the emails they cause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from subscribers.model import ASKED, WAY_BACK, SignUpRequest, inbox_of
from subscribers.store.tables import requests
from subscribers.store.tables import subscribers as people

OURS = (WAY_BACK, ASKED)
"""Sources of requests that no visitor made; the limits of the sign-up form do not count them."""
_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_WEEK = timedelta(days=7)


_EMAILED = (requests.c.mailed, requests.c.source.not_in(OURS))


@dataclass(frozen=True, slots=True)
class WaitingRequest:
    """A request that waits for its email, and where it came from."""

    id: int
    subscriber_id: int
    network: str
    at: datetime


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A request that is not stored yet."""

    newsletters: Sequence[str]
    topics: Sequence[str]
    language: str
    source: str
    wording: str
    network: str
    name: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)


def add(
    connection: sa.Connection,
    subscriber_id: int,
    new_request: NewRequest,
    *,
    emailed: bool,
    now: datetime,
    waits: bool = False,
) -> int:
    """Store a request and return its ID. One that `waits` gets its email later."""
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
        waits=waits,
        name=new_request.name,
        answers=dict(new_request.answers),
    )
    return int(connection.execute(new.returning(requests.c.id)).scalar_one())


def load(
    connection: sa.Connection, request_id: int, subscriber_id: int | None = None
) -> SignUpRequest | None:
    """Return a request, of this subscriber only if one is given, or None."""
    query = sa.select(requests).where(requests.c.id == request_id)
    if subscriber_id is not None:
        query = query.where(requests.c.subscriber_id == subscriber_id)
    row = connection.execute(query).first()
    return None if row is None else _request(row)


def confirm(connection: sa.Connection, request_id: int, now: datetime) -> bool:
    """Mark a request as confirmed; False if it already was."""
    done = connection.execute(
        requests.update()
        .where(requests.c.id == request_id, requests.c.confirmed_at.is_(None))
        .values(confirmed_at=now)
    )
    return done.rowcount == 1


def by_network(connection: sa.Connection, now: datetime, prefix: str) -> dict[str, int]:
    """Count the sign-ups of the last hour by network, of those that begin alike."""
    recent = (
        sa.select(requests.c.network, sa.func.count().label("sign_ups"))
        .where(
            requests.c.source.not_in(OURS),
            requests.c.at > now - _HOUR,
            requests.c.network.startswith(prefix, autoescape=True),
        )
        .group_by(requests.c.network)
    )
    return {row.network: row.sign_ups for row in connection.execute(recent)}


def emailed_within(connection: sa.Connection, period: timedelta, now: datetime) -> int:
    """Count the confirmation emails of the last hour, or less, to all addresses."""
    return _count(connection, *_EMAILED, *_since(now - period))


def waiting(connection: sa.Connection) -> int:
    """Count the requests that wait for their email."""
    return _count(connection, requests.c.waits)


def waiting_requests(connection: sa.Connection) -> list[WaitingRequest]:
    """Return the requests that wait for their email, oldest first."""
    r = requests.c
    query = sa.select(r.id, r.subscriber_id, r.network, r.at).where(r.waits).order_by(r.id)
    return [WaitingRequest(*row) for row in connection.execute(query)]


def emailed_by_network(
    connection: sa.Connection, period: timedelta, now: datetime
) -> dict[str, int]:
    """Count the confirmation emails of a period by the network that caused them."""
    query = (
        sa.select(requests.c.network, sa.func.count().label("emails"))
        .where(*_EMAILED, *_since(now - period))
        .group_by(requests.c.network)
    )
    return {row.network: row.emails for row in connection.execute(query)}


def release(connection: sa.Connection, request_id: int, *, emailed: bool, now: datetime) -> bool:
    """End the wait of a request; False if another pass already did."""
    done = connection.execute(
        requests.update()
        .where(requests.c.id == request_id, requests.c.waits)
        .values(waits=False, mailed=emailed, released_at=now)
    )
    return done.rowcount == 1


def give_up(connection: sa.Connection, before: datetime) -> int:
    """End the wait of requests that are older; they get no email. Returns how many."""
    done = connection.execute(
        requests.update().where(requests.c.waits, requests.c.at < before).values(waits=False)
    )
    return done.rowcount


def emailed_to(connection: sa.Connection, subscriber_id: int) -> int:
    """Count the unanswered confirmation emails to a subscriber."""
    return _count(connection, requests.c.subscriber_id == subscriber_id, *_unanswered())


def emailed_to_inbox(connection: sa.Connection, address_key: str, now: datetime) -> int:
    """Count the unanswered confirmation emails of the last day to an inbox.

    ann+a@ and ann+b@ arrive in the inbox of ann@, so that tags cannot multiply the emails.
    """
    inbox = inbox_of(address_key)
    base, _, domain = inbox.rpartition("@")
    key = people.c.address_key
    tagged = sa.and_(
        key.startswith(f"{base}+", autoescape=True), key.endswith(f"@{domain}", autoescape=True)
    )
    mine = sa.select(people.c.id).where(
        people.c.id == requests.c.subscriber_id, sa.or_(key == inbox, tagged)
    )
    return _count(connection, *_since(now - _DAY), *_unanswered(), mine.exists())


def traffic(connection: sa.Connection, now: datetime) -> tuple[int, int, float]:
    """Count the emailed sign-ups of the last hour that are unconfirmed and that are confirmed.

    The third number is how many of an hour stayed unconfirmed on average in the week before.
    """
    last_hour = _since(now - _HOUR)
    before = (requests.c.at <= now - _HOUR, requests.c.at > now - _WEEK)
    unconfirmed = requests.c.confirmed_at.is_(None)
    usual = _count(connection, *_EMAILED, *before, unconfirmed) / (_WEEK / _HOUR - 1)
    return (
        _count(connection, *_EMAILED, *last_hour, unconfirmed),
        _count(connection, *_EMAILED, *last_hour, requests.c.confirmed_at.is_not(None)),
        usual,
    )


def _since(moment: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions for emails since a moment. Requests do not wait longer than a day."""
    sent_at = sa.func.coalesce(requests.c.released_at, requests.c.at)
    return (requests.c.at > moment - _DAY, sent_at > moment)


def _unanswered() -> tuple[sa.ColumnElement[bool], ...]:
    """Return the conditions of an email that an address left unanswered, no matter who caused it."""
    emailed = (requests.c.mailed, requests.c.source != WAY_BACK)
    return (*emailed, requests.c.confirmed_at.is_(None))


def all_of(connection: sa.Connection, subscriber_id: int) -> list[dict[str, Any]]:
    """Return everything stored about a subscriber's requests, oldest first, to show it to them."""
    mine = sa.select(requests).where(requests.c.subscriber_id == subscriber_id)
    return [
        {
            "at": row.at.isoformat(),
            "newsletters": list(row.newsletters),
            "topics": list(row.topics),
            "language": row.language,
            "name": row.name,
            "answers": row.answers,
            "source": row.source,
            "wording": row.wording,
            "network": row.network,
            "mailed": row.mailed,
            "waits": row.waits,
            "released_at": row.released_at.isoformat() if row.released_at else "",
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
        name=row.name,
        answers=row.answers,
    )
