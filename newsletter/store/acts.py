"""The append-only record of who did what, and when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.store.tables import acts


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody (or the machine) did; `detail` is what a person reads beside it."""

    at: datetime
    actor: str
    act: str
    issue_id: int | None
    detail: Mapping[str, object]


def record(connection: sa.Connection, act: Act) -> None:
    """Append an act; none is ever changed or deleted."""
    connection.execute(
        acts.insert().values(
            at=act.at,
            actor=act.actor,
            act=act.act,
            issue_id=act.issue_id,
            detail=dict(act.detail),
        )
    )


def of_issue(connection: sa.Connection, issue_id: int) -> list[Act]:
    """Return the history of an issue, oldest first."""
    rows = connection.execute(
        sa.select(acts).where(acts.c.issue_id == issue_id).order_by(acts.c.id)
    ).mappings()
    return [
        Act(row["at"], row["actor"], row["act"], row["issue_id"], row["detail"]) for row in rows
    ]
