"""The first schema."""

from alembic import op

from newsletter.migrations import METADATA

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create every table."""
    for metadata in METADATA:
        metadata.create_all(op.get_bind())
