"""Editions record the hash of the configuration, templates and program that rendered them.

Editions from before have none: the first pass compares them with a new rendering.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    column = sa.Column("rendered_from", sa.Text(), server_default="", nullable=False)
    op.add_column("editions", column)
