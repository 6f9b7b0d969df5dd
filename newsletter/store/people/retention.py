"""Delete deliveries and settled notices that are no longer kept."""

from datetime import datetime

import sqlalchemy as sa

from newsletter.store.bulk import among
from newsletter.store.people.notices import SETTLED
from newsletter.store.sending import engagements, partitions
from newsletter.store.tables import deliveries, exclusions, issues, notices


def purge_deliveries(connection: sa.Connection, before: datetime) -> int:
    """Delete who got one issue that was submitted before a time, and what they opened.

    Return how many got it. The issue itself, its editions and its counters stay; the next pass takes
    the next issue. Raises OperationalError on PostgreSQL if others use the tables (see `drop`).
    """
    old = (
        sa.select(issues.c.id, issues.c.planned)
        .where(
            issues.c.submitted_at < before,
            among(connection, issues.c.id, partitions.kept(connection)),
        )
        .order_by(issues.c.id)
        .limit(1)
    )
    issue = connection.execute(old).first()
    if issue is None:
        return 0
    engagements.purge(connection, issue.id)
    if partitions.drop(connection, issue.id):
        return int(issue.planned)
    connection.execute(exclusions.delete().where(exclusions.c.issue_id == issue.id))
    return connection.execute(deliveries.delete().where(deliveries.c.issue_id == issue.id)).rowcount


def purge_notices(connection: sa.Connection, before: datetime) -> int:
    """Delete notices that were settled before a time; return how many."""
    gone = connection.execute(
        notices.delete().where(notices.c.settled_at < before, notices.c.state.in_(SETTLED))
    )
    return gone.rowcount
