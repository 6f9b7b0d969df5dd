"""The tables of reviewing an issue: waived warnings, and approvals that wait for a second one."""

import sqlalchemy as sa

from newsletter.store.tables import metadata
from newsletter.store.types import UtcDateTime

# A waiver covers exactly what a check found: `mark` changes with it.
waivers = sa.Table(
    "waivers",
    metadata,
    sa.Column("issue_id", sa.ForeignKey("issues.id"), primary_key=True),
    sa.Column("mark", sa.Text, primary_key=True),
    sa.Column("check", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)

# Who has approved which content of an issue that needs more than one approval.
first_approvals = sa.Table(
    "first_approvals",
    metadata,
    sa.Column("issue_id", sa.ForeignKey("issues.id"), primary_key=True),
    sa.Column("actor", sa.Text, primary_key=True),
    sa.Column("content_hash", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
)
