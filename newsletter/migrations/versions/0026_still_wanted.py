"""Questions whether subscribers still want a newsletter are on record, so that each is asked once."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "still_wanted",
        sa.Column("newsletter", sa.Text(), nullable=False),
        sa.Column("subscriber_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("paused_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("newsletter", "subscriber_id", name=op.f("pk_still_wanted")),
        sqlite_with_rowid=False,
    )
    for column in ("until", "asked_at"):
        name = op.f(f"ix_still_wanted_newsletter_{column}")
        op.create_index(name, "still_wanted", ["newsletter", column])
