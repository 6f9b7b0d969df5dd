"""A cancelled batch withdraws its deliveries; their rows no longer repeat it.

Rows that repeat the acceptance of their batch stay: they mean the same, and may be many millions.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

DELIVERIES = sa.table(
    "deliveries",
    sa.column("issue_id"),
    sa.column("seq"),
    sa.column("state"),
    sa.column("reason"),
)
D = DELIVERIES.c
B = sa.table(
    "batches",
    sa.column("issue_id"),
    sa.column("first_seq"),
    sa.column("last_seq"),
    sa.column("state"),
).c


def upgrade() -> None:
    """Let the deliveries of cancelled batches share their outcome again."""
    cancelled = sa.select(B.issue_id).where(B.state == "cancelled")
    its_batch = sa.exists().where(
        B.issue_id == D.issue_id,
        B.first_seq <= D.seq,
        B.last_seq >= D.seq,
        B.state == "cancelled",
    )
    op.execute(
        DELIVERIES.update()
        .where(
            D.issue_id.in_(cancelled), D.state == "withdrawn", D.reason == "cancelled", its_batch
        )
        .values(state="pending", reason=None)
    )
