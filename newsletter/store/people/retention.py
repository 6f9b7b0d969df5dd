"""Delete who got old issues, what they opened, and settled notices, a portion at a time."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime

import sqlalchemy as sa

from newsletter.model.states import IssueState
from newsletter.store import marks
from newsletter.store.bulk import among, delete_some
from newsletter.store.engagement_tables import engagements
from newsletter.store.marks import Mark
from newsletter.store.people.notices import SETTLED
from newsletter.store.sending import partitions
from newsletter.store.tables import deliveries, exclusions, issues, notices


def purge_deliveries(connection: sa.Connection, before: datetime) -> Mapping[str, int]:
    """Delete a portion of who got one issue that ended before a time, and of what they opened.

    Return how much of what; nothing if no such issue is left. The issue itself, its editions and its
    counters stay. A whole partition goes at once: raises OperationalError on PostgreSQL if others
    use the tables (see `partitions.drop`).
    """
    reached = math.ceil(before.timestamp() / 60)
    if reached > marks.read(connection, Mark.DELIVERIES_PURGED):
        marks.write(connection, Mark.DELIVERIES_PURGED, reached)
    issue = connection.execute(_oldest(connection, before)).first()
    if issue is None:
        return {}
    mine = engagements.c.issue_id == issue.id
    if number := delete_some(connection, engagements.c.id, mine):
        return {"opens and clicks": number}
    if number := partitions.drop(connection, issue.id):
        return {"deliveries": int(issue.planned), "partitions": number}
    for key in (exclusions.c.subscriber_id, deliveries.c.seq):
        if number := delete_some(connection, key, key.table.c.issue_id == issue.id):
            return {key.table.name: number}
    return {}


def purged_issues(connection: sa.Connection) -> set[int]:
    """Return the issues that may have lost a part of their recipients: nothing can be counted there."""
    reached = datetime.fromtimestamp(marks.read(connection, Mark.DELIVERIES_PURGED) * 60, UTC)
    return set(connection.scalars(sa.select(issues.c.id).where(issues.c.frozen_at < reached)))


def _oldest(connection: sa.Connection, before: datetime) -> sa.Select[tuple[int, int]]:
    """Select the first issue of which something is kept too long, and lock it.

    An issue that continues with a new subscriber is locked or in another state: it is left alone.
    """
    ended = sa.func.coalesce(issues.c.submitted_at, issues.c.frozen_at)
    return (
        sa.select(issues.c.id, issues.c.planned)
        .where(
            issues.c.state.in_([IssueState.SUBMITTED, IssueState.CANCELLED]),
            ended < before,
            among(connection, issues.c.id, partitions.kept(connection)),
        )
        .order_by(issues.c.id)
        .limit(1)
        .with_for_update(key_share=True, skip_locked=True)
    )


def purge_notices(connection: sa.Connection, before: datetime) -> int:
    """Delete a portion of the notices that were settled before a time; return how many."""
    settled = notices.c.settled_at < before, notices.c.state.in_(SETTLED)
    return delete_some(connection, notices.c.id, *settled)
