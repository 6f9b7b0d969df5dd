"""Entries that a source no longer lists, and the configuration that the state of a source belongs to."""

import sqlalchemy as sa
from alembic import op

from newsletter.store.types import UtcDateTime

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; no earlier entry is known to be missing."""
    op.add_column("source_entries", sa.Column("missing_since", UtcDateTime()))
    op.add_column(
        "source_states",
        sa.Column("configured", sa.Text(), server_default="", nullable=False),
    )
