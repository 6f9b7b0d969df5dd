"""The workers of several machines, and how PostgreSQL keeps the busy tables tidy."""

import sqlalchemy as sa
from alembic import op

from newsletter.store.types import UtcDateTime

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

BUSY = {
    # Each row is updated a few times in minutes, and is in an index by its state.
    "batches": "fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02",
    # Filled by a freeze, then read by ranges: its statistics must be there before the first batch,
    # and vacuumed pages are read from the index alone.
    "deliveries": "autovacuum_vacuum_insert_scale_factor = 0.05, autovacuum_analyze_scale_factor = 0.02",
    # Filled and emptied all the time.
    "event_bodies": "autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500",
    "notices": "autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500",
    # A few rows that every batch updates.
    "rates": "fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100",
    "marks": "fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 100",
}


def upgrade() -> None:
    """Add the table, and set when the others are vacuumed."""
    op.create_table(
        "workers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("queues", sa.Text(), nullable=False),
        sa.Column("jobs", sa.Integer(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("doing", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_workers")),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table, settings in BUSY.items():
            op.execute(f"ALTER TABLE {table} SET ({settings})")
