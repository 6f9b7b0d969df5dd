"""Counters for reports; the events that are kept are counted by the hour."""

from collections import Counter
from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from newsletter.store.types import UtcDateTime

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KINDS = ("deferred", "delivered", "soft bounced", "blocked", "bounced", "dropped", "complained")
EVENTS = sa.table(
    "events",
    sa.column("issue_id", sa.Integer),
    sa.column("kind", sa.Text),
    sa.column("at", UtcDateTime),
)
ISSUES = sa.table("issues", sa.column("id", sa.Integer), sa.column("frozen_at", UtcDateTime))


def upgrade() -> None:
    """Add the tables, and count the events of each issue."""
    table = op.create_table(
        "tallies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("axis", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tallies")),
    )
    op.create_index(op.f("ix_tallies_issue_id_id"), "tallies", ["issue_id", "id"])
    op.create_table(
        "issue_domains",
        sa.Column("issue_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("planned", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("issue_id", "domain", name=op.f("pk_issue_domains")),
        sqlite_with_rowid=False,
    )
    rows = _counted(op.get_bind())
    if rows:
        op.bulk_insert(table, rows)


def _counted(connection: sa.Connection) -> list[dict[str, object]]:
    """Count events by the hour for three days, then by the day, for at most 90 days."""
    query = (
        sa.select(EVENTS.c.issue_id, EVENTS.c.kind, EVENTS.c.at, ISSUES.c.frozen_at)
        .join(ISSUES, ISSUES.c.id == EVENTS.c.issue_id)
        .where(EVENTS.c.kind.in_(KINDS), ISSUES.c.frozen_at.is_not(None))
        .execution_options(yield_per=5_000)
    )
    counter: Counter[tuple[int, str, str]] = Counter()
    for issue_id, kind, at, began in connection.execute(query):
        latest = min(max(at, began), began + timedelta(days=90))
        hour = int(latest.timestamp()) // 3600
        value = hour if latest < began + timedelta(days=3) else hour - hour % 24
        counter[issue_id, str(value), kind] += 1
    return [
        {"issue_id": key[0], "axis": "hour", "value": key[1], "kind": key[2], "number": number}
        for key, number in sorted(counter.items())
    ]
