"""The tables of opens and clicks, in the same metadata as the other tables."""

import sqlalchemy as sa

from newsletter.store.tables import metadata
from newsletter.store.types import UtcDateTime

# The links of an edition that may be counted, in the order in which they first appear.
edition_links = sa.Table(
    "edition_links",
    metadata,
    sa.Column("edition_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("article_id", sa.Integer, index=True),
    sqlite_with_rowid=False,
)

# Opens and clicks, in the order of their arrival (as the events are). Those that name no one (mode
# "totals") have neither `seq` nor `subscriber_id`.
engagements = sa.Table(
    "engagements",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("issue_id", sa.Integer, nullable=False),
    sa.Column("edition_id", sa.Integer, nullable=False),
    sa.Column("seq", sa.Integer),
    sa.Column("subscriber_id", sa.Integer, index=True),
    sa.Column("link", sa.Integer, nullable=False, server_default="0"),
    sa.Column("sign", sa.Text, nullable=False, server_default=""),
    sa.Column("rule", sa.Text),
)
sa.Index(None, engagements.c.issue_id, engagements.c.seq)
sa.Index(
    "ix_engagements_undecided",
    engagements.c.at,
    sqlite_where=engagements.c.rule.is_(None),
    postgresql_where=engagements.c.rule.is_(None),
)

# Counters of what is decided, written with it. `link` 0 counts the edition as a whole.
engagement_totals = sa.Table(
    "engagement_totals",
    metadata,
    sa.Column("issue_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("edition_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("link", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("raw", sa.Integer, nullable=False, server_default="0"),
    sa.Column("human", sa.Integer, nullable=False, server_default="0"),
    sa.Column("raw_emails", sa.Integer, nullable=False, server_default="0"),
    sa.Column("human_emails", sa.Integer, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)

engagement_hours = sa.Table(
    "engagement_hours",
    metadata,
    sa.Column("issue_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("hour", UtcDateTime, primary_key=True),
    sa.Column("raw", sa.Integer, nullable=False, server_default="0"),
    sa.Column("human", sa.Integer, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)
