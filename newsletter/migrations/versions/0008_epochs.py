"""An epoch that identifies the database in the journals; and when a rate was set."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the epoch of this database, and the time that shows that a clock has jumped."""
    epochs = op.create_table(
        "epochs",
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("epoch", name=op.f("pk_epochs")),
    )
    op.bulk_insert(epochs, [{"epoch": secrets.token_hex(8)}])
    with op.batch_alter_table("rates") as batch_op:
        batch_op.add_column(sa.Column("set_at", sa.Float(), nullable=False, server_default="0"))
