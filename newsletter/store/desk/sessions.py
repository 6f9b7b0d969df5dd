"""Sessions at the desk, found by a digest: the database does not contain what a browser sends."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.model.staff import IDLE, LONGEST, DeskSession
from newsletter.store.desk import staff as members
from newsletter.store.desk.tables import desk_sessions, staff

_JOINED = sa.select(
    staff,
    desk_sessions.c.id.label("session_id"),
    desk_sessions.c.signed_in_at,
    desk_sessions.c.seen_at,
    desk_sessions.c.browser,
).join(desk_sessions, desk_sessions.c.staff_id == staff.c.id)


def insert(
    connection: sa.Connection, digest: str, member_id: int, browser: str, now: datetime
) -> None:
    """Begin a session."""
    connection.execute(
        desk_sessions.insert().values(
            digest=digest, staff_id=member_id, signed_in_at=now, seen_at=now, browser=browser
        )
    )


def find(connection: sa.Connection, digest: str) -> DeskSession | None:
    """Return a session, open or not, or None."""
    query = _JOINED.where(desk_sessions.c.digest == digest)
    row = connection.execute(query).mappings().first()
    return None if row is None else _session(row)


def of_member(connection: sa.Connection, member_id: int, now: datetime) -> list[DeskSession]:
    """Return the open sessions of a member, the one used last first."""
    query = _JOINED.where(staff.c.id == member_id).order_by(
        desk_sessions.c.seen_at.desc(), desk_sessions.c.id.desc()
    )
    found = [_session(row) for row in connection.execute(query).mappings()]
    return [session for session in found if session.is_open(now)]


def mark_seen(connection: sa.Connection, session_id: int, now: datetime) -> None:
    """Note that a session was used."""
    connection.execute(
        desk_sessions.update().where(desk_sessions.c.id == session_id).values(seen_at=now)
    )


def delete(connection: sa.Connection, digest: str) -> None:
    """End a session."""
    connection.execute(desk_sessions.delete().where(desk_sessions.c.digest == digest))


def delete_of(connection: sa.Connection, member_id: int) -> int:
    """End every session of a member; return how many."""
    gone = connection.execute(desk_sessions.delete().where(desk_sessions.c.staff_id == member_id))
    return gone.rowcount


def purge(connection: sa.Connection, now: datetime) -> None:
    """Delete the sessions that have ended."""
    expired = sa.or_(
        desk_sessions.c.seen_at <= now - IDLE, desk_sessions.c.signed_in_at <= now - LONGEST
    )
    connection.execute(desk_sessions.delete().where(expired))


def _session(row: Mapping[Any, Any]) -> DeskSession:
    return DeskSession(
        row["session_id"],
        members.member(row),
        row["signed_in_at"],
        row["seen_at"],
        row["browser"],
    )
