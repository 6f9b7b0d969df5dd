"""Passkeys of members: what a device signs with, and the key that verifies it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.store.desk.tables import passkeys


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey of a member; `uses` is the counter of the device, 0 if it does not count."""

    id: int
    staff_id: int
    credential: bytes
    public_key: bytes
    uses: int
    name: str
    added_at: datetime
    used_at: datetime | None


def insert(connection: sa.Connection, passkey: Passkey) -> None:
    """Store a passkey; the id that it was given is ignored."""
    connection.execute(
        passkeys.insert().values(
            staff_id=passkey.staff_id,
            credential=passkey.credential,
            public_key=passkey.public_key,
            uses=passkey.uses,
            name=passkey.name,
            added_at=passkey.added_at,
        )
    )


def find(connection: sa.Connection, credential: bytes) -> Passkey | None:
    """Return the passkey with a credential, or None."""
    query = sa.select(passkeys).where(passkeys.c.credential == credential)
    row = connection.execute(query).mappings().first()
    return _passkey(row) if row is not None else None


def of_member(connection: sa.Connection, staff_id: int) -> list[Passkey]:
    """Return the passkeys of a member, oldest first."""
    query = sa.select(passkeys).where(passkeys.c.staff_id == staff_id).order_by(passkeys.c.id)
    return [_passkey(row) for row in connection.execute(query).mappings()]


def mark_used(connection: sa.Connection, passkey_id: int, uses: int, now: datetime) -> None:
    """Note that a passkey was used, and the counter of its device."""
    mine = passkeys.update().where(passkeys.c.id == passkey_id)
    connection.execute(mine.values(uses=uses, used_at=now))


def delete(connection: sa.Connection, staff_id: int, passkey_id: int) -> bool:
    """Delete a passkey of a member; return False if they have no such passkey."""
    mine = sa.and_(passkeys.c.id == passkey_id, passkeys.c.staff_id == staff_id)
    return connection.execute(passkeys.delete().where(mine)).rowcount == 1


def delete_of(connection: sa.Connection, staff_id: int) -> None:
    """Delete every passkey of a member."""
    connection.execute(passkeys.delete().where(passkeys.c.staff_id == staff_id))


def _passkey(row: Mapping[Any, Any]) -> Passkey:
    return Passkey(**row)
