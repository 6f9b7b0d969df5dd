"""Events, and opens and clicks, in the order in which they arrive: SQLite ordered them by their ids.

The ids are random, so each row changed another page of the table, and each index repeated them.
"""

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Rebuild the tables; PostgreSQL's have always been like that."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in ("events", "engagements"):
        with op.batch_alter_table(
            table, recreate="always", table_kwargs={"sqlite_with_rowid": True}
        ):
            pass
