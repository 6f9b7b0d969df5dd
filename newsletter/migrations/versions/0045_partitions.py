"""Deliveries and exclusions have a partition for each issue on PostgreSQL.

The rows that are there stay where they are: each table becomes the one partition of all issues that
it has rows of. It is read once, to check that, and not written.
"""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

KEYS = {"deliveries": "seq", "exclusions": "subscriber_id"}
"""By table, the second column of its primary key; the first is the issue."""
SUBSCRIBER = "uq_deliveries_issue_id_subscriber_id"
ISSUES = """
    WITH RECURSIVE found(id) AS (
        SELECT min(issue_id) FROM {0}
        UNION ALL
        SELECT (SELECT min(issue_id) FROM {0} WHERE issue_id > found.id) FROM found
        WHERE found.id IS NOT NULL
    )
    SELECT id FROM found WHERE id IS NOT NULL
"""
"""Reads one entry of the primary key for each issue."""


def upgrade() -> None:
    """Put a partitioned table in the place of each."""
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(f"LOCK TABLE {', '.join(KEYS)} IN ACCESS EXCLUSIVE MODE")  # no issue is frozen now
    issues = sorted(set().union(*(_issues(table) for table in KEYS)))
    for table, second in KEYS.items():
        earlier = f"{table}_of_earlier_issues"
        op.execute(f"ALTER TABLE {table} RENAME TO {earlier}")
        op.execute(f"ALTER TABLE {earlier} RENAME CONSTRAINT pk_{table} TO pk_{earlier}")
        if table == "deliveries":
            op.execute(f"ALTER INDEX {SUBSCRIBER} RENAME TO uq_{earlier}")
        op.execute(
            f"CREATE TABLE {table} (LIKE {earlier},"
            f" CONSTRAINT pk_{table} PRIMARY KEY (issue_id, {second})) PARTITION BY LIST (issue_id)"
        )
        if table == "deliveries":
            op.create_index(SUBSCRIBER, table, ["issue_id", "subscriber_id"], unique=True)
        if issues:
            values = ", ".join(map(str, issues))
            op.execute(f"ALTER TABLE {table} ATTACH PARTITION {earlier} FOR VALUES IN ({values})")
        else:
            op.drop_table(earlier)


def _issues(table: str) -> list[int]:
    return list(op.get_bind().scalars(sa.text(ISSUES.format(table))))
