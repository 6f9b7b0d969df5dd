"""Entries that a source no longer lists: their articles were withdrawn before an alert."""

import sqlalchemy as sa
from alembic import op

from newsletter.store.types import UtcDateTime

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; no earlier entry is known to be missing."""
    op.add_column("source_entries", sa.Column("missing_since", UtcDateTime()))
