"""Warnings that staff waived, and approvals of issues that need more than one."""

import sqlalchemy as sa
from alembic import op

from newsletter.store.types import UtcDateTime

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "waivers",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("mark", sa.Text(), nullable=False),
        sa.Column("check", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_waivers_issue_id_issues")
        ),
        sa.PrimaryKeyConstraint("issue_id", "mark", name=op.f("pk_waivers")),
    )
    op.create_table(
        "first_approvals",
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["issue_id"], ["issues.id"], name=op.f("fk_first_approvals_issue_id_issues")
        ),
        sa.PrimaryKeyConstraint("issue_id", "actor", name=op.f("pk_first_approvals")),
    )
