"""The table of the pauses that staff set, besides those of newsletter.toml."""

import sqlalchemy as sa

from newsletter.store.tables import metadata
from newsletter.store.types import UtcDateTime

# The days are local to the newsletter. A pause that was ended early no longer counts.
newsletter_pauses = sa.Table(
    "newsletter_pauses",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("newsletter", sa.Text, nullable=False, index=True),
    sa.Column("first", sa.Text, nullable=False),
    sa.Column("last", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
)
