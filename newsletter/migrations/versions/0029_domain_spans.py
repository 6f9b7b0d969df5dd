"""What receiving domains deferred and accepted lately."""

import sqlalchemy as sa
from alembic import op

from newsletter.store.types import UtcDateTime

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "domain_spans",
        sa.Column("began", UtcDateTime(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("deferred", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("began", "domain", name=op.f("pk_domain_spans")),
        sqlite_with_rowid=False,
    )
