"""An index of the automatic emails to one subscriber."""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    op.create_index(op.f("ix_notices_subscriber_id"), "notices", ["subscriber_id"])
