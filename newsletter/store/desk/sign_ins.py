"""Requests to sign in: each is answered by one link, which works once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.store.desk.tables import sign_ins


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """A request: whose address was typed, and in which browser (a digest; empty for any)."""

    id: int
    key: str
    browser: str
    until: datetime


def insert(connection: sa.Connection, request: SignInRequest, *, answered: bool = False) -> int:
    """Store a request and return its id; the one that it was given is ignored."""
    result = connection.execute(
        sign_ins.insert()
        .values(key=request.key, browser=request.browser, until=request.until, answered=answered)
        .returning(sign_ins.c.id)
    )
    return int(result.scalar_one())


def count_open(connection: sa.Connection, key: str, now: datetime) -> tuple[int, int]:
    """Return how many requests are open: for an address, and of all those without an answer."""
    open_ones = sa.select(sa.func.count()).select_from(sign_ins).where(sign_ins.c.until > now)
    own = connection.scalar(open_ones.where(sign_ins.c.key == key))
    everyone = connection.scalar(open_ones.where(sign_ins.c.answered.is_(False)))
    return int(own or 0), int(everyone or 0)


def count_of(connection: sa.Connection, key: str, now: datetime) -> int:
    """Return how many requests with a key are open, answered or not."""
    query = sa.select(sa.func.count()).where(sign_ins.c.until > now, sign_ins.c.key == key)
    return connection.scalar(query) or 0


def any_unanswered(connection: sa.Connection) -> bool:
    """Return whether a request waits for its email."""
    query = sa.select(sign_ins.c.id).where(sign_ins.c.answered.is_(False)).limit(1)
    return connection.scalar(query) is not None


def unanswered(connection: sa.Connection) -> list[SignInRequest]:
    """Return the requests that wait for their email, oldest first."""
    query = sa.select(sign_ins).where(sign_ins.c.answered.is_(False)).order_by(sign_ins.c.id)
    return [_request(row) for row in connection.execute(query).mappings()]


def mark_answered(connection: sa.Connection, request_id: int) -> None:
    """Note that the email of a request is queued."""
    connection.execute(sign_ins.update().where(sign_ins.c.id == request_id).values(answered=True))


def find(connection: sa.Connection, request_id: int, now: datetime) -> SignInRequest | None:
    """Return a request whose link still works, or None."""
    query = sa.select(sign_ins).where(sign_ins.c.id == request_id, sign_ins.c.until > now)
    row = connection.execute(query).mappings().first()
    return None if row is None else _request(row)


def use_up(connection: sa.Connection, request_id: int) -> bool:
    """Delete a request; return False if its link was used before."""
    return connection.execute(sign_ins.delete().where(sign_ins.c.id == request_id)).rowcount == 1


def purge(connection: sa.Connection, now: datetime) -> None:
    """Delete the requests whose links have expired."""
    connection.execute(sign_ins.delete().where(sign_ins.c.until <= now))


def delete_of(connection: sa.Connection, key: str) -> None:
    """Delete the requests of an address, so that no link to it works any more."""
    connection.execute(sign_ins.delete().where(sign_ins.c.key == key))


def _request(row: Mapping[Any, Any]) -> SignInRequest:
    return SignInRequest(row["id"], row["key"], row["browser"], row["until"])
