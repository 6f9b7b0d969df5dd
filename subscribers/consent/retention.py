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
    """Delete a thousand unanswered sign-ups, and old network addresses and links.

    Repeat it while `pending` is not 0. Pending subscribers that an import added stay: staff decide
    about them. For an address that never answered, a keyed hash keeps the number of emails, so that
    the limit of three in total still holds.
    """
    return {
        "pending": _pending(connection, now - periods.pending, pepper),
        "networks": _networks(connection, now - periods.networks),
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


def _networks(connection: sa.Connection, before: datetime) -> int:
    emptied = connection.execute(
        requests.update()
        .where(requests.c.at < before, requests.c.network != sa.literal_column("''"))
        .values(network="")
    )
    return emptied.rowcount + proofs.forget_networks(connection, before)


def _links(connection: sa.Connection, before: datetime) -> int:
    deleted = connection.execute(
        single_use_links.delete().where(single_use_links.c.expires_at < before)
    )
    return deleted.rowcount
