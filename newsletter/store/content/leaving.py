"""Let issues whose time has passed go out because a person says so."""

from datetime import datetime

import sqlalchemy as sa

from newsletter.model.states import IssueState
from newsletter.store.tables import issues


def let_leave(connection: sa.Connection, now: datetime, issue_id: int | None = None) -> None:
    """Let approved issues whose time has passed go out now: one, or without `issue_id` all."""
    late = issues.update().where(
        issues.c.state == IssueState.APPROVED.value,
        issues.c.frozen_at.is_(None),
        issues.c.due_at <= now,
    )
    if issue_id is not None:
        late = late.where(issues.c.id == issue_id)
    connection.execute(late.values(leaves_at=now))
