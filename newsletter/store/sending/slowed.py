"""What was asked to be sent fewer emails: servers, and receiving domains as "@example.com".

Each has one row, which all processes share. After every refusal it gets nothing for a while, then
half as much per second as before. It gets more as it takes what it gets, until its row is deleted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.store.database import upsert
from newsletter.store.sending.rates import SKEW
from newsletter.store.tables import slowed

FIRST_WAIT = timedelta(minutes=1)
"""How long nothing is sent after the first refusal; doubled with each further one."""
LONGEST_WAIT = timedelta(hours=1)
FIRST_PACE = 1.0
"""Emails per second after the first wait."""
LOWEST_PACE = 1 / 60
GROWTH = 1.25
"""How much faster it goes after each batch that was taken well."""
UNLIMITED = 100.0
"""The pace from which on it is no longer slowed."""
KEPT = timedelta(days=1)
"""How long a row is kept that nothing was sent to."""


@dataclass(frozen=True, slots=True)
class Slowed:
    """A server or domain that is slowed, and since when. It gets nothing before `until`.

    `pace` is in emails per second, `strikes` counts refusals, `reason` is the last of them.
    """

    name: str
    until: datetime
    since: datetime
    strikes: int
    pace: float
    reason: str


_ALL = sa.select(slowed).order_by(slowed.c.name)


def present(connection: sa.Connection) -> Mapping[str, Slowed]:
    """Return everything that is slowed, by name."""
    return {row["name"]: Slowed(**row) for row in connection.execute(_ALL).mappings()}


def slow(connection: sa.Connection, name: str, reason: str, now: datetime) -> None:
    """Send nothing for a while, and then half as much per second.

    While it gets nothing, another refusal is one of an email that was already on its way.
    """
    known = _locked(connection, name)
    if known is not None and now < known.until <= now + LONGEST_WAIT:
        return
    strikes = known.strikes + 1 if known else 1
    since = known.since if known and known.strikes else now
    wait = min(FIRST_WAIT * 2 ** min(strikes - 1, 10), LONGEST_WAIT)
    values = {
        "until": now + wait,
        "since": since,
        "strikes": strikes,
        "pace": max(known.pace / 2, LOWEST_PACE) if known else FIRST_PACE,
        "reason": reason,
    }
    inserted = upsert(connection, slowed).values(name=name, **values)
    connection.execute(inserted.on_conflict_do_update(index_elements=[slowed.c.name], set_=values))


def ease(connection: sa.Connection, name: str, now: datetime) -> None:
    """Send faster: a batch was taken well."""
    known = _locked(connection, name)
    if known is None or now < known.until:
        return
    if known.pace * GROWTH >= UNLIMITED:
        connection.execute(slowed.delete().where(slowed.c.name == name))
        return
    faster = {"pace": known.pace * GROWTH, "strikes": max(known.strikes - 1, 0)}
    connection.execute(slowed.update().where(slowed.c.name == name).values(faster))


def forget(connection: sa.Connection, now: datetime) -> None:
    """Delete what was sent nothing for a day, and what a clock that jumped set in the future."""
    outdated = sa.or_(slowed.c.until < now - KEPT, slowed.c.until > now + LONGEST_WAIT + SKEW)
    connection.execute(slowed.delete().where(outdated))


def _locked(connection: sa.Connection, name: str) -> Slowed | None:
    query = sa.select(slowed).where(slowed.c.name == name).with_for_update()
    row = connection.execute(query).mappings().first()
    return Slowed(**row) if row else None
