"""The issue that went out before another one."""

import sqlalchemy as sa

from newsletter.model.issue import Issue, IssueKind
from newsletter.store.tables import issues


def last_sent(connection: sa.Connection, issue: Issue) -> int | None:
    """Return the regular issue of the same newsletter that began to go out last before an issue."""
    query = (
        sa.select(issues.c.id)
        .where(
            issues.c.newsletter == issue.newsletter,
            issues.c.kind == IssueKind.REGULAR.value,
            issues.c.frozen_at.is_not(None),
            issues.c.id < issue.id,
        )
        .order_by(issues.c.id.desc())
        .limit(1)
    )
    return connection.scalar(query)
