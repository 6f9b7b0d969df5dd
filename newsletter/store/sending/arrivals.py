"""When deliveries arrived: as the provider reported it first, else when their server took them."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.event import EventKind
from newsletter.store.tables import batches, deliveries, events


def of(connection: sa.Connection, issue_id: int, numbers: Collection[int]) -> dict[int, datetime]:
    """Return when these deliveries arrived, by number.

    No entry if that is unknown: a batch that was in doubt was settled at any later time.
    """
    d, b = deliveries.c, batches.c
    settled = (
        sa.select(sa.case((b.unknown_at.is_(None), b.settled_at)))
        .where(b.issue_id == d.issue_id, b.first_seq <= d.seq)
        .order_by(b.first_seq.desc())
        .limit(1)
        .correlate(deliveries)
        .scalar_subquery()
    )
    mine = (d.issue_id == issue_id, d.seq.in_(numbers))
    taken = connection.execute(
        sa.select(d.seq, sa.type_coerce(settled, b.settled_at.type)).where(*mine)
    )
    reported = connection.execute(
        sa.select(d.seq, sa.func.min(events.c.at, type_=events.c.at.type))
        .join(deliveries, d.subscriber_id == events.c.subscriber_id)
        .where(
            *mine,
            events.c.issue_id == issue_id,
            events.c.seq == d.seq,
            events.c.kind == EventKind.DELIVERED.value,
        )
        .group_by(d.seq)
    )
    return {row[0]: row[1] for row in (*taken, *reported) if row[1] is not None}
