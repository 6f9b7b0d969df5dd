"""Opens and clicks: the links of editions, a row for each open and click, and their counters."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "edition_links",
        sa.Column("edition_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("edition_id", "number", name=op.f("pk_edition_links")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_edition_links_article_id"), "edition_links", ["article_id"])
    _engagements()
    _counters()


def _engagements() -> None:
    op.create_table(
        "engagements",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("issue_id", sa.Integer(), nullable=False),
        sa.Column("edition_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=True),
        sa.Column("subscriber_id", sa.Integer(), nullable=True),
        sa.Column("link", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sign", sa.Text(), server_default="", nullable=False),
        sa.Column("rule", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_engagements")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_engagements_subscriber_id"), "engagements", ["subscriber_id"])
    op.create_index(op.f("ix_engagements_issue_id_seq"), "engagements", ["issue_id", "seq"])
    undecided = sa.text("rule IS NULL")
    op.create_index(
        op.f("ix_engagements_undecided"),
        "engagements",
        ["at"],
        sqlite_where=undecided,
        postgresql_where=undecided,
    )


def _counters() -> None:
    op.create_table(
        "engagement_totals",
        sa.Column("issue_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("edition_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("link", sa.Integer(), autoincrement=False, nullable=False),
        *(
            sa.Column(name, sa.Integer(), server_default="0", nullable=False)
            for name in ("raw", "human", "raw_emails", "human_emails")
        ),
        sa.PrimaryKeyConstraint(
            "issue_id", "edition_id", "kind", "link", name=op.f("pk_engagement_totals")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "engagement_hours",
        sa.Column("issue_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        *(
            sa.Column(name, sa.Integer(), server_default="0", nullable=False)
            for name in ("raw", "human")
        ),
        sa.PrimaryKeyConstraint("issue_id", "kind", "hour", name=op.f("pk_engagement_hours")),
        sqlite_with_rowid=False,
    )
