"""What is held about a person on this side: what they were sent, left out of, and written."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from newsletter.store.sending import outcomes
from newsletter.store.tables import deliveries, exclusions, issues, notices


def of(connection: sa.Connection, subscriber_id: int) -> dict[str, list[dict[str, object]]]:
    """Return every delivery, exclusion and notice of a person, oldest first, in plain values."""
    return {
        "deliveries": _of_issues(
            connection,
            deliveries,
            subscriber_id,
            outcomes.state().label("state"),
            outcomes.reason().label("reason"),
        ),
        "left_out": _of_issues(connection, exclusions, subscriber_id, exclusions.c.reason),
        "notices": _notices(connection, subscriber_id),
    }


def _of_issues(
    connection: sa.Connection,
    table: sa.Table,
    subscriber_id: int,
    *what: sa.ColumnElement[Any],
) -> list[dict[str, object]]:
    # Corrections and skipped issues have negative numbers, which mean nothing to a person.
    number = sa.case((issues.c.number > 0, issues.c.number)).label("number")
    shown = (issues.c.newsletter, number, issues.c.subject, issues.c.due_at)
    rows = connection.execute(
        sa.select(*shown, *what)
        .join(issues, issues.c.id == table.c.issue_id)
        .where(table.c.subscriber_id == subscriber_id)
        .order_by(issues.c.id)
    )
    return [_plain(row) for row in rows.mappings()]


def _notices(connection: sa.Connection, subscriber_id: int) -> list[dict[str, object]]:
    n = notices.c
    shown = (n.kind, n.address, n.language, n.state, n.queued_at, n.settled_at, n.reason)
    mine = sa.select(*shown).where(n.subscriber_id == subscriber_id).order_by(n.id)
    return [_plain(row) for row in connection.execute(mine).mappings()]


def _plain(row: Mapping[Any, Any]) -> dict[str, object]:
    """Return what a row says, times as text, without what is empty."""
    said = {
        name: value.isoformat() if hasattr(value, "isoformat") else value
        for name, value in row.items()
    }
    return {name: value for name, value in said.items() if value not in {None, ""}}
