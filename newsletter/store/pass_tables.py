"""The tables of reports. They share the metadata of the other tables."""

import sqlalchemy as sa

from newsletter.store.tables import metadata
from newsletter.store.types import UtcDateTime

passes = sa.Table(
    "passes",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("part", sa.Text, nullable=False),
    sa.Column("began_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime, nullable=False, index=True),
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("lines", sa.JSON, nullable=False),
    sa.Column("figures", sa.JSON, nullable=False),
)

# What went wrong and was reported: a cause that is here is not reported again.
problems = sa.Table(
    "problems",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("cause", sa.Text, nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
)
sa.Index("uq_problems_cause", problems.c.cause, unique=True)

# The workers of several machines that run now, and what each of them is doing.
workers = sa.Table(
    "workers",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("queues", sa.Text, nullable=False),
    sa.Column("jobs", sa.Integer, nullable=False),
    sa.Column("since", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("doing", sa.JSON, nullable=False),
)

# When the last request to a host ended, and how long the host rests after it.
host_turns = sa.Table(
    "host_turns",
    metadata,
    sa.Column("host", sa.Text, primary_key=True),
    sa.Column("ended_at", UtcDateTime, nullable=False),
    sa.Column("rest_seconds", sa.Float, nullable=False),
)
