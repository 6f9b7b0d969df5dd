"""Indexes for the search by address and name."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

AFTER_LAST = "substr({0}, length(rtrim({0}, replace({0}, '{1}', ''))) + 1)"
STARTS = {
    "address_start": "address_key",
    "name_start": "lower(name)",
    "last_name_start": AFTER_LAST.format("lower(name)", " "),
    "domain_start": AFTER_LAST.format("address_key", "@"),
}


def upgrade() -> None:
    """Add the indexes; the unique one of SQLite finds the beginning of an address, too."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    for name, start in STARTS.items():
        if not (sqlite and name == "address_start"):
            compared = start if sqlite else f'({start} COLLATE "C")'
            op.execute(f"CREATE INDEX ix_subscribers_{name} ON subscribers ({compared}, id)")
