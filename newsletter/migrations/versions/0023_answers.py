"""Sign-up forms ask for a name and for configured fields; subscribers keep their answers."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; earlier subscribers were not asked."""
    op.add_column("requests", sa.Column("name", sa.Text(), server_default="", nullable=False))
    for table in ("subscribers", "requests"):
        answers = sa.Column("answers", sa.JSON(), server_default="{}", nullable=False)
        op.add_column(table, answers)
