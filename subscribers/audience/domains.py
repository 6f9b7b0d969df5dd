"""The domains of addresses: who receives the email of many subscribers."""

from collections.abc import Collection

import sqlalchemy as sa

from subscribers.store.dialects import domain
from subscribers.store.tables import subscribers


def sizes(connection: sa.Connection, ids: sa.Select[tuple[int]]) -> sa.Select[str, int]:
    """Select each domain and how many of `ids` have an address there; "" is for the erased."""
    asked = ids.subquery()
    found = sa.func.coalesce(domain(connection, subscribers.c.address_key), "").label("domain")
    joined = asked.outerjoin(subscribers, subscribers.c.id == asked.c.subscriber_id)
    return sa.select(found, sa.func.count()).select_from(joined).group_by(found)


def of(connection: sa.Connection, ids: Collection[int]) -> dict[int, str]:
    """Return the domain of the present address of subscribers, by ID."""
    query = sa.select(subscribers.c.id, domain(connection, subscribers.c.address_key))
    rows = connection.execute(query.where(subscribers.c.id.in_(ids))) if ids else ()
    return {row[0]: row[1] for row in rows}
