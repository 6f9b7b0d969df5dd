"""The index in which a worker finds the next batch, also if statistics are old."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the index."""
    claimable = sa.text("state = 'prepared'")
    op.create_index(
        "ix_batches_claimable",
        "batches",
        ["issue_id", "seq"],
        sqlite_where=claimable,
        postgresql_where=claimable,
    )
