"""Two subjects of an issue are tested on a part of its recipients, and the rest gets the winner's."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; no earlier issue has a second subject."""
    op.add_column("issues", sa.Column("test", sa.JSON()))
    for table, column in (("issues", "winner"), ("editions", "arm"), ("batches", "arm")):
        op.add_column(table, sa.Column(column, sa.Text(), server_default="", nullable=False))
