"""Indexes that find ann+news@ for ann@: an import brings neither back after the other has left."""

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

WITHOUT_TAG = {
    "sqlite": "substr(address_key, 1, instr(address_key, '+') - 1)"
    " || substr(address_key, instr(address_key, '@'))",
    "postgresql": "(split_part(address_key, '+', 1) || '@' || split_part(address_key, '@', 2))",
}


def upgrade() -> None:
    """Add the indexes, which contain tagged addresses only."""
    untagged = WITHOUT_TAG[op.get_bind().dialect.name]
    for table in ("subscribers", "suppressions"):
        op.execute(
            f"CREATE INDEX ix_{table}_without_tag ON {table} ({untagged})"
            " WHERE address_key LIKE '%+%'"
        )
