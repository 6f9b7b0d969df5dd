"""Editions have a language; empty is the newsletter's."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("editions", sa.Column("language", sa.Text(), server_default="", nullable=False))
