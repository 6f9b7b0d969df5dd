"""The second subject of an issue, how it is tested, and which one the rest gets."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from newsletter.model.states import IssueState
from newsletter.model.subjects import Arm, SubjectTest
from newsletter.store.tables import issues


def set_test(connection: sa.Connection, issue_id: int, test: SubjectTest | None) -> None:
    """Replace the second subject of an issue, and how it is tested."""
    mine = issues.update().where(issues.c.id == issue_id)
    connection.execute(mine.values(test=_row(test) if test else sa.null()))


def choose(connection: sa.Connection, issue_id: int, winner: Arm) -> bool:
    """Record which subject the rest of a frozen issue gets; False if that was decided before."""
    result = connection.execute(
        issues.update()
        .where(
            issues.c.id == issue_id,
            issues.c.winner == "",
            issues.c.frozen_at.is_not(None),
            issues.c.state.in_([IssueState.SUBMITTING.value, IssueState.PAUSED.value]),
        )
        .values(winner=winner.value)
    )
    return result.rowcount == 1


def _row(test: SubjectTest) -> dict[str, Any]:
    minutes = int(test.decide_after.total_seconds()) // 60
    return {"subject": test.subject, "share": test.share, "minutes": minutes}


def read(row: Mapping[str, Any] | None) -> SubjectTest | None:
    """Return the test that a row of an issue has."""
    if row is None:
        return None
    return SubjectTest(row["subject"], row["share"], timedelta(minutes=row["minutes"]))
