"""Links that work once, for an hour."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from subscribers.store.tables import single_use_links
from subscribers.tokens import Purpose

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SingleUseLink:
    """A link that was emailed and has not been used."""

    serial: int
    subscriber_id: int
    detail: Mapping[str, Any]
    expires_at: datetime


def issue(
    connection: sa.Connection,
    subscriber_id: int,
    purpose: Purpose,
    *,
    lasts: timedelta,
    now: datetime,
    **detail: str,
) -> SingleUseLink:
    """Create a link for one act."""
    expires_at = now + lasts
    new = single_use_links.insert().values(
        subscriber_id=subscriber_id,
        purpose=purpose.value,
        detail=detail,
        issued_at=now,
        expires_at=expires_at,
    )
    serial = connection.execute(new.returning(single_use_links.c.serial)).scalar_one()
    return SingleUseLink(serial, subscriber_id, detail, expires_at)


def open_link(
    connection: sa.Connection, serial: int, subscriber_id: int, purpose: Purpose, now: datetime
) -> SingleUseLink | None:
    """Return a link that still works, without using it."""
    row = connection.execute(
        sa.select(single_use_links).where(*_works(serial, subscriber_id, purpose, now))
    ).first()
    return None if row is None else SingleUseLink(serial, subscriber_id, row.detail, row.expires_at)


def use(
    connection: sa.Connection, serial: int, subscriber_id: int, purpose: Purpose, now: datetime
) -> SingleUseLink | None:
    """Use a link; None if it was used, has expired or never existed.

    Of two concurrent requests, one gets the link: the condition is part of the UPDATE.
    """
    row = connection.execute(
        single_use_links.update()
        .where(*_works(serial, subscriber_id, purpose, now))
        .values(used_at=now)
        .returning(single_use_links.c.detail, single_use_links.c.expires_at)
    ).first()
    return None if row is None else SingleUseLink(serial, subscriber_id, row.detail, row.expires_at)


def issued_within_a_day(connection: sa.Connection, subscriber_id: int, now: datetime) -> int:
    """Count the links emailed to a subscriber within a day."""
    chosen = (
        sa.select(sa.func.count())
        .select_from(single_use_links)
        .where(
            single_use_links.c.subscriber_id == subscriber_id,
            single_use_links.c.issued_at > now - _DAY,
        )
    )
    return connection.scalar(chosen) or 0


def all_of(connection: sa.Connection, subscriber_id: int) -> list[dict[str, Any]]:
    """Return everything stored about a subscriber's links, oldest first, to show it to them."""
    mine = single_use_links.c.subscriber_id == subscriber_id
    rows = sa.select(single_use_links).where(mine).order_by(single_use_links.c.serial)
    return [
        {
            "purpose": Purpose(row.purpose).name.lower(),
            "address": str(row.detail.get("address", "")),
            "issued_at": row.issued_at.isoformat(),
            "expires_at": row.expires_at.isoformat(),
            "used_at": row.used_at.isoformat() if row.used_at else "",
        }
        for row in connection.execute(rows)
    ]


def _works(
    serial: int, subscriber_id: int, purpose: Purpose, now: datetime
) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        single_use_links.c.serial == serial,
        single_use_links.c.subscriber_id == subscriber_id,
        single_use_links.c.purpose == purpose.value,
        single_use_links.c.used_at.is_(None),
        single_use_links.c.expires_at > now,
    )
