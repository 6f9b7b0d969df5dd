"""The table of questions whether a subscriber still wants a newsletter."""

import sqlalchemy as sa

from newsletter.store.tables import metadata
from newsletter.store.types import UtcDateTime

# The latest question to each subscriber; `until` is when the time to answer ends.
still_wanted = sa.Table(
    "still_wanted",
    metadata,
    sa.Column("newsletter", sa.Text, primary_key=True),
    sa.Column("subscriber_id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("asked_at", UtcDateTime, nullable=False),
    sa.Column("until", UtcDateTime, nullable=False),
    sa.Column("answered_at", UtcDateTime),
    sa.Column("paused_at", UtcDateTime),
    sqlite_with_rowid=False,
)
sa.Index(None, still_wanted.c.newsletter, still_wanted.c.until)
sa.Index(None, still_wanted.c.newsletter, still_wanted.c.asked_at)
