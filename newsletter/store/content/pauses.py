"""The pauses of newsletters that staff set, and the rules of a newsletter with them."""

from dataclasses import replace
from datetime import date, datetime

import sqlalchemy as sa

from newsletter.model.actor import Actor
from newsletter.model.days_off import Pause
from newsletter.model.publication import Newsletter
from newsletter.model.slot import Timing
from newsletter.model.zones import zones_of
from newsletter.store.content.planning_tables import newsletter_pauses
from subscribers.audience import timezones


def add(
    connection: sa.Connection, newsletter: str, pause: Pause, *, actor: Actor, now: datetime
) -> None:
    """Pause a newsletter on the days of a pause."""
    row = {
        "newsletter": newsletter,
        "first": pause.first.isoformat(),
        "last": pause.last.isoformat(),
        "reason": pause.reason,
        "actor": str(actor),
        "at": now,
    }
    connection.execute(newsletter_pauses.insert().values(row))


def present(connection: sa.Connection, newsletter: str) -> tuple[Pause, ...]:
    """Return the pauses of a newsletter that count, the earliest first."""
    p = newsletter_pauses.c
    query = sa.select(p.first, p.last, p.reason).where(
        p.newsletter == newsletter, p.ended_at.is_(None)
    )
    return tuple(
        Pause(date.fromisoformat(first), date.fromisoformat(last), reason)
        for first, last, reason in connection.execute(query.order_by(p.first, p.id))
    )


def end(connection: sa.Connection, newsletter: str, today: date, now: datetime) -> int:
    """End the pauses of a newsletter that are not over by a day; return how many there were."""
    p = newsletter_pauses.c
    ended = newsletter_pauses.update().where(
        p.newsletter == newsletter, p.ended_at.is_(None), p.last >= today.isoformat()
    )
    return connection.execute(ended.values(ended_at=now)).rowcount


def applied(connection: sa.Connection, newsletter: Newsletter) -> Newsletter:
    """Return a newsletter with the pauses that staff set and, if they matter, its readers' zones."""
    if newsletter.send_at == "reader":
        zones = zones_of(timezones(connection, newsletter.key))
        newsletter = replace(newsletter, reader_zones=zones)
    pauses = present(connection, newsletter.key)
    if not pauses:
        return newsletter
    days_off = newsletter.days_off
    return replace(newsletter, days_off=replace(days_off, pauses=(*pauses, *days_off.pauses)))


def timing(connection: sa.Connection, newsletter: Newsletter) -> Timing:
    """Return the rules by which the slots of a newsletter are planned."""
    return Timing.of(applied(connection, newsletter))
