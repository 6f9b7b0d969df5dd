"""The tables of counters: increments, the sizes of receiving domains, and the growth by day."""

import sqlalchemy as sa

from newsletter.store.tables import metadata
from newsletter.store.types import UtcDateTime

# Increments, so that no two transactions wait for the same row. `tallies.fold` adds them up.
tallies = sa.Table(
    "tallies",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("issue_id", sa.Integer, nullable=False),
    sa.Column("axis", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
)
sa.Index(None, tallies.c.issue_id, tallies.c.id)

# The largest receiving domains of an issue by name, and the others together under "".
issue_domains = sa.Table(
    "issue_domains",
    metadata,
    sa.Column("issue_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("domain", sa.Text, primary_key=True),
    sa.Column("planned", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)

# What each large receiving domain deferred and accepted in each five minutes of the last day.
domain_spans = sa.Table(
    "domain_spans",
    metadata,
    sa.Column("began", UtcDateTime, primary_key=True),
    sa.Column("domain", sa.Text, primary_key=True),
    sa.Column("deferred", sa.Integer, nullable=False),
    sa.Column("delivered", sa.Integer, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sqlite_with_rowid=False,
)

# What each newsletter won and lost, by UTC day. A row without a newsletter says that a day was counted.
growth_days = sa.Table(
    "growth_days",
    metadata,
    sa.Column("newsletter", sa.Text, primary_key=True),
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sqlite_with_rowid=False,
)
