"""Erase a person from newsletter's own tables."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa

from newsletter.model.delivery import delivery_id
from newsletter.store import events
from newsletter.store.people import questions
from newsletter.store.sending import engagements, partitions
from newsletter.store.tables import deliveries, notices
from subscribers.model import Erased


def erase(connection: sa.Connection, erased: Erased) -> None:
    """Empty waiting and past notices, and what servers answered about the address.

    What is left of a notice names its file in the outbox: it may have gone to another address than
    the last one. Deliveries stay: they name a number that no longer belongs to a person.
    """
    connection.execute(
        notices.update()
        .where(
            sa.or_(
                notices.c.subscriber_id == erased.subscriber_id,
                sa.func.lower(notices.c.address) == erased.address.lower(),
            )
        )
        .values(
            subscriber_id=erased.subscriber_id,
            address="",
            values={},
            state="refused",
            reason="erased",
            settled_at=sa.func.coalesce(notices.c.settled_at, notices.c.queued_at),
        )
    )
    for delivery in _deliveries_to(connection, erased.subscriber_id):
        if "@" in (delivery.reason or ""):
            itself = (
                deliveries.c.issue_id == delivery.issue_id,
                deliveries.c.seq == delivery.seq,
            )
            connection.execute(deliveries.update().where(*itself).values(reason="erased"))
    events.erase(connection, erased.subscriber_id)
    engagements.erase(connection, erased.subscriber_id)
    questions.erase(connection, erased.subscriber_id)


def _deliveries_to(
    connection: sa.Connection, subscriber_id: int
) -> Iterator[sa.Row[*tuple[Any, ...]]]:
    """Find a person's deliveries issue by issue: their one index begins with the issue."""
    kept = partitions.kept(connection)
    columns = (deliveries.c.seq, deliveries.c.reason)
    return partitions.of_subscriber(connection, deliveries, subscriber_id, kept, *columns)


def submitted_to(connection: sa.Connection, subscriber_id: int) -> set[str]:
    """Return the names under which a person's deliveries and notices were submitted."""
    rows = _deliveries_to(connection, subscriber_id)
    sent = connection.scalars(
        sa.select(notices.c.id).where(notices.c.subscriber_id == subscriber_id)
    )
    return {
        *(delivery_id(row.issue_id, row.seq) for row in rows),
        *(f"notice-{number}" for number in sent),
    }


def delete_notices(connection: sa.Connection, subscriber_id: int) -> None:
    """Delete the erased notices of a person, once the copies that they name are deleted."""
    mine = notices.c.subscriber_id == subscriber_id
    connection.execute(notices.delete().where(mine, notices.c.reason == "erased"))
