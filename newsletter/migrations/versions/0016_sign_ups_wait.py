"""Sign-up requests wait for their confirmation email while a wave of sign-ups goes on."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; no earlier request waits."""
    op.add_column(
        "requests", sa.Column("waits", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.add_column("requests", sa.Column("released_at", sa.DateTime(timezone=True)))
    op.create_index("ix_requests_waits", "requests", ["waits"])
