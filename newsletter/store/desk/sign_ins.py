"""Requests to sign in: those for one address are answered by one link, which works once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.store.desk.tables import sign_ins, staff

ASKED = "asked"
"""The value of `browser` if a link works only in a browser that asked for it."""


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """A request for an address; `browser` limits where the link works.

    It is `ASKED`, the digest of the challenge for a passkey, or empty for any browser.
    """

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


def make_room(connection: sa.Connection, key: str, most: int) -> None:
    """Delete the oldest challenges with a key, so that there are fewer than `most`."""
    mine = sa.and_(sign_ins.c.key == key, sign_ins.c.answered.is_(True))
    newest = sa.select(sign_ins.c.id).where(mine).order_by(sign_ins.c.id.desc()).limit(most - 1)
    connection.execute(sign_ins.delete().where(mine, sign_ins.c.id.not_in(newest)))


def renew(connection: sa.Connection, key: str, until: datetime) -> bool:
    """Let the request for an address that waits for its email last longer; False without one."""
    mine = sa.and_(sign_ins.c.key == key, sign_ins.c.answered.is_(False))
    return connection.execute(sign_ins.update().where(mine).values(until=until)).rowcount > 0


def drop_strangers(connection: sa.Connection, most: int) -> None:
    """Delete the oldest requests for addresses of strangers, so that at most `most` wait."""
    s = sign_ins.c
    theirs = sa.and_(s.answered.is_(False), s.key.not_in(sa.select(staff.c.key)))
    newest = sa.select(s.id).where(theirs).order_by(s.id.desc()).limit(most)
    connection.execute(sign_ins.delete().where(theirs, s.id.not_in(newest)))


def answered_until(connection: sa.Connection, key: str, now: datetime) -> list[datetime]:
    """Return until when the answered requests for an address work, the latest first."""
    s = sign_ins.c
    query = sa.select(s.until).where(s.key == key, s.answered.is_(True), s.until > now)
    return list(connection.scalars(query.order_by(s.until.desc())))


def any_unanswered(connection: sa.Connection) -> bool:
    """Return whether a request waits for its email."""
    query = sa.select(sign_ins.c.id).where(sign_ins.c.answered.is_(False)).limit(1)
    return connection.scalar(query) is not None


def unanswered(connection: sa.Connection) -> list[SignInRequest]:
    """Return the requests that wait for their email, oldest first."""
    query = sa.select(sign_ins).where(sign_ins.c.answered.is_(False)).order_by(sign_ins.c.id)
    return [_request(row) for row in connection.execute(query).mappings()]


def mark_answered(connection: sa.Connection, key: str) -> None:
    """Note that the email to an address is queued: it answers every request for it."""
    connection.execute(sign_ins.update().where(sign_ins.c.key == key).values(answered=True))


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
