"""Let go of what is no longer needed; every function is harmless to repeat."""

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

CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class RetentionPeriods:
    """How long pending sign-ups and network addresses are kept."""

    pending: timedelta = timedelta(days=14)
    networks: timedelta = timedelta(days=30)


def purge(
    connection: sa.Connection, kept: RetentionPeriods, *, pepper: bytes, now: datetime
) -> dict[str, int]:
    """Delete a thousand unanswered sign-ups, and old network addresses and links.

    Call it again while `pending` is not 0. Pending people whom an import brought stay: its undo
    and its importer decide about them. Of an address that was asked and never answered, a keyed
    hash stays with the number of times, so that it is asked three times ever.
    """
    return {
        "pending": _pending(connection, now - kept.pending, pepper),
        "networks": _networks(connection, now - kept.networks),
        "links": _links(connection, now - kept.networks),
    }


def _pending(connection: sa.Connection, before: datetime, pepper: bytes) -> int:
    settled = sa.exists().where(
        subscriptions.c.subscriber_id == subscribers.c.id,
        subscriptions.c.state != SubscriptionState.PENDING,
    )
    recent = sa.exists().where(
        requests.c.subscriber_id == subscribers.c.id, requests.c.at >= before
    )
    mailed = (requests.c.subscriber_id == subscribers.c.id, requests.c.mailed)
    asked = sa.select(sa.func.count()).where(*mailed).scalar_subquery()
    last = sa.select(sa.func.max(requests.c.at)).where(*mailed).scalar_subquery()
    rows = connection.execute(
        sa.select(
            subscribers.c.id, subscribers.c.address_key, asked.label("asked"), last.label("last")
        )
        .where(
            subscribers.c.origin == "sign-up",
            subscribers.c.created_at < before,
            subscribers.c.acted_at.is_(None),
            ~settled,
            ~recent,
        )
        .limit(CHUNK)
    ).all()
    for row in rows:
        if row.asked:
            erasures.add_asked(connection, row.address_key, pepper, row.asked, row.last)
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
    gone = connection.execute(
        single_use_links.delete().where(single_use_links.c.expires_at < before)
    )
    return gone.rowcount
