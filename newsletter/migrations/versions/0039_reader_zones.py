"""The time zones of subscribers, and the local time at which each of them gets an issue."""

import sqlalchemy as sa
from alembic import op

from newsletter.store.types import UtcDateTime

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns and the index."""
    zone = sa.Column("timezone", sa.Text(), server_default="", nullable=False)
    op.add_column("subscribers", zone)
    chosen = sa.text("timezone != ''")
    op.create_index(
        "ix_subscribers_timezone_chosen",
        "subscribers",
        ["timezone"],
        sqlite_where=chosen,
        postgresql_where=chosen,
    )
    op.add_column("issues", sa.Column("reader_time", sa.Text(), server_default="", nullable=False))
    op.add_column("issues", sa.Column("ends_at", UtcDateTime()))
