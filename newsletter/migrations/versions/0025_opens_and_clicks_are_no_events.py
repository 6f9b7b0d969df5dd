"""Opens and clicks have their own table, and no user agent is stored."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop what was kept of opens and clicks among the events."""
    op.execute(
        "UPDATE events SET seq = NULL, subscriber_id = NULL WHERE kind IN ('opened', 'clicked')"
    )
    with op.batch_alter_table("events") as batch_op:
        for name in ("link", "agent", "machine"):
            batch_op.drop_column(name)
