"""Members of staff: rows in, values out."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.model.actor import Role
from newsletter.model.staff import Member
from newsletter.store.database import insert_ignoring_conflicts
from newsletter.store.desk.tables import staff
from subscribers.model import EmailAddress


def any_exist(connection: sa.Connection) -> bool:
    """Return whether the publication has staff who sign in."""
    return connection.scalar(sa.select(staff.c.id).limit(1)) is not None


def every(connection: sa.Connection) -> list[Member]:
    """Return all members, in the order of their addresses."""
    rows = connection.execute(sa.select(staff).order_by(staff.c.key)).mappings()
    return [member(row) for row in rows]


def find(connection: sa.Connection, key: str) -> Member | None:
    """Return the member with an address key, or None."""
    row = connection.execute(sa.select(staff).where(staff.c.key == key)).mappings().first()
    return None if row is None else member(row)


def at_address(connection: sa.Connection, address: str) -> Member | None:
    """Return the member with exactly this address, or None."""
    query = sa.select(staff).where(staff.c.address == address)
    row = connection.execute(query).mappings().first()
    return None if row is None else member(row)


def load(connection: sa.Connection, member_id: int) -> Member | None:
    """Return a member by id, or None."""
    row = connection.execute(sa.select(staff).where(staff.c.id == member_id)).mappings().first()
    return None if row is None else member(row)


def insert(connection: sa.Connection, address: EmailAddress, role: Role, now: datetime) -> bool:
    """Add a member; return False if there is one with this address."""
    values = {
        "address": address.text,
        "key": address.key,
        "role": role.name.lower(),
        "language": "",
        "added_at": now,
    }
    return insert_ignoring_conflicts(connection, staff, values, [staff.c.key]) is not None


def set_role(connection: sa.Connection, member_id: int, role: Role) -> None:
    """Change what a member may do, from their next request on."""
    connection.execute(staff.update().where(staff.c.id == member_id).values(role=role.name.lower()))


def set_language(connection: sa.Connection, member_id: int, language: str) -> None:
    """Set the language in which a member sees the desk."""
    connection.execute(staff.update().where(staff.c.id == member_id).values(language=language))


def delete(connection: sa.Connection, member_id: int) -> None:
    """Delete a member; the audit keeps what they did."""
    connection.execute(staff.delete().where(staff.c.id == member_id))


def member(row: Mapping[Any, Any]) -> Member:
    """Return the member that a row describes."""
    role = Role[row["role"].upper()]
    return Member(row["id"], row["address"], role, row["language"], row["added_at"])
