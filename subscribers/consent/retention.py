"""Delete what is no longer needed; every function is harmless to repeat."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from subscribers.model import SubscriptionState
from subscribers.store import erasures, people, proofs
from subscribers.store.tables import (
    requests,
    single_use_links,
    subscribers,
    subscriptions,
)

CHUNK = 1_000  # rows per call, so that each transaction is short


@dataclass(frozen=True, slots=True)
class RetentionPeriods:
    """How long pending sign-ups and network addresses are kept."""

    pending: timedelta = timedelta(days=14)
    networks: timedelta = timedelta(days=30)


def purge(
    connection: sa.Connection, periods: RetentionPeriods, *, pepper: bytes, now: datetime
) -> dict[str, int]:
    """Delete a thousand unanswered sign-ups, old network addresses and links of each.

    Repeat it until it returns zeros. Pending subscribers that an import added stay: staff decide
    about them. For an address that never answered, a keyed hash keeps the number of emails, so that
    the limit of three in total still holds.
    """
    return {
        "pending": _pending(connection, now - periods.pending, pepper),
        "networks": proofs.forget_networks(connection, now - periods.networks, CHUNK),
        "links": _links(connection, now - periods.networks),
    }


def _pending(connection: sa.Connection, before: datetime, pepper: bytes) -> int:
    answered = sa.exists().where(
        subscriptions.c.subscriber_id == subscribers.c.id,
        subscriptions.c.state != SubscriptionState.PENDING,
    )
    recent = sa.exists().where(
        requests.c.subscriber_id == subscribers.c.id, requests.c.at >= before
    )
    emailed = (requests.c.subscriber_id == subscribers.c.id, requests.c.mailed)
    count = sa.select(sa.func.count()).where(*emailed).scalar_subquery()
    last = sa.select(sa.func.max(requests.c.at)).where(*emailed).scalar_subquery()
    rows = connection.execute(
        sa.select(
            subscribers.c.id, subscribers.c.address_key, count.label("emails"), last.label("last")
        )
        .where(
            subscribers.c.origin == "sign-up",
            subscribers.c.created_at < before,
            subscribers.c.acted_at.is_(None),
            ~answered,
            ~recent,
        )
        .limit(CHUNK)
    ).all()
    for row in rows:
        if row.emails:
            erasures.add_unanswered(connection, row.address_key, pepper, row.emails, row.last)
    people.remove(connection, [row.id for row in rows])
    return len(rows)


def _links(connection: sa.Connection, before: datetime) -> int:
    serial = single_use_links.c.serial
    some = sa.select(serial).where(single_use_links.c.expires_at < before).limit(CHUNK)
    return connection.execute(single_use_links.delete().where(serial.in_(some))).rowcount
