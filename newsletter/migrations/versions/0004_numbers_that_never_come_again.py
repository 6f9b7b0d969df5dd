"""Numbers that never come again: SQLite would reuse those of the last rows that were deleted."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rebuild the tables whose numbers are named outside; PostgreSQL's sequences never go back."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in ("articles", "issues", "notices"):
        kept = {"sqlite_autoincrement": True}
        with op.batch_alter_table(table, recreate="always", table_kwargs=kept):
            pass
