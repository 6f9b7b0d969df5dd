"""Items record what staff decided about an article that is left out: out, later or never."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# Earlier versions recorded the decision only in the reason.
REASONS = {
    "excluded by staff": "out",
    "moved to the next issue by staff": "later",
}
ITEMS = sa.table("items", sa.column("decision", sa.Text), sa.column("reason", sa.Text))


def upgrade() -> None:
    """Add the column, and read the decisions out of the reasons."""
    op.add_column("items", sa.Column("decision", sa.Text(), server_default="", nullable=False))
    for reason, decision in REASONS.items():
        op.execute(ITEMS.update().where(ITEMS.c.reason == reason).values(decision=decision))
