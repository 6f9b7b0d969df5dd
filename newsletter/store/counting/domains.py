"""How many recipients of an issue each receiving domain has: counted once per issue."""

import sqlalchemy as sa

from newsletter.store.counting.tables import issue_domains
from newsletter.store.database import upsert
from newsletter.store.tables import deliveries
from subscribers.audience import domains

LARGEST = 20
"""Domains that are counted by name; the others are counted together."""
OTHERS = ""


def of(connection: sa.Connection, issue_id: int) -> dict[str, int]:
    """Return the planned recipients by domain, most first; empty before they are counted."""
    query = (
        sa.select(issue_domains.c.domain, issue_domains.c.planned)
        .where(issue_domains.c.issue_id == issue_id)
        .order_by(issue_domains.c.planned.desc(), issue_domains.c.domain)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def counted(connection: sa.Connection, issue_id: int) -> dict[str, int]:
    """Return the recipients by domain; count them if that was not done yet.

    The freeze does not count them, because that would make it a tenth slower. A second transaction
    that counts them at the same time changes nothing.
    """
    known = of(connection, issue_id)
    if known:
        return known
    people = sa.select(deliveries.c.subscriber_id).where(deliveries.c.issue_id == issue_id)
    sizes = connection.execute(domains.sizes(connection, people)).all()
    largest = sorted(sizes, key=lambda row: (-row[1], row[0]))
    named = [row for row in largest if row[0] != OTHERS][:LARGEST]
    planned = {row[0]: row[1] for row in named}
    if rest := sum(row[1] for row in sizes) - sum(planned.values()):
        planned[OTHERS] = rest
    rows = [
        {"issue_id": issue_id, "domain": domain, "planned": number}
        for domain, number in sorted(planned.items())
    ]
    if rows:
        connection.execute(upsert(connection, issue_domains).on_conflict_do_nothing(), rows)
    return of(connection, issue_id)
