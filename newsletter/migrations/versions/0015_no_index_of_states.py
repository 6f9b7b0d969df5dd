"""The index of the states of subscriptions is dropped.

Nothing needs it, and SQLite chose it for counting: nearly all subscriptions are confirmed.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_subscriptions_state_since", table_name="subscriptions")
