"""Ramps of sender domains; and one index of deliveries less.

Deliveries of a person are found issue by issue, by the unique index that begins with the issue.
The second index made freezing a large audience slower by a quarter, the more so the older it got.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, drop the index."""
    op.create_table(
        "ramps",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("domain", name=op.f("pk_ramps")),
    )
    op.drop_index("ix_deliveries_subscriber_id", "deliveries")
