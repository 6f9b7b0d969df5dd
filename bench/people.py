"""What people cost: counting a segment, freezing an audience, importing a list."""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from newsletter.migrations import upgrade
from newsletter.store.database import open_engine

FULL, QUICK = 1_000_000, 20_000
TAGS = 50
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def fill(engine: sa.Engine, people: int) -> None:
    """Put `people` subscribers of one newsletter with 50 tags of falling weight into a database."""
    series = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {0})"
        if engine.dialect.name == "sqlite"
        else "WITH n(i) AS (SELECT generate_series(1, {0}))"
    )
    now = "'2026-01-01 00:00:00.000000'"
    if engine.dialect.name == "postgresql":
        now = f"CAST({now} AS timestamptz)"
    with engine.begin() as connection:

        def run(statement: str) -> None:
            connection.execute(sa.text(statement))

        run(
            "INSERT INTO subscribers (id, address, address_key, name, created_at) "
            + series.format(people)
            + f" SELECT i, 'reader' || i || '@example.org', 'reader' || i || '@example.org', 'Reader ' || i, {now} FROM n"
        )
        run(
            "INSERT INTO subscriptions (newsletter, subscriber_id, state, since) "
            + series.format(people)
            + f" SELECT 'weekly', i, CASE WHEN i % 20 = 0 THEN 'left' WHEN i % 33 = 0 THEN 'pending' ELSE 'confirmed' END, {now} FROM n"
        )
        for tag in range(1, TAGS + 1):
            kind = "topic" if tag <= 40 else "label"
            run(f"INSERT INTO tags (slug, name, kind) VALUES ('t{tag}', 't{tag}', '{kind}')")
            weight = max(2, 380 // tag)
            run(
                "INSERT INTO subscriber_tags (tag_id, subscriber_id) "
                + series.format(people)
                + f" SELECT {tag}, i FROM n WHERE (CAST(i AS BIGINT) * 7919 + i / 1009 * {tag * 31 + 7} + {tag * 104729}) % 1009 < {weight}"
            )
        for reason, step in (("bounce", 211), ("complaint", 997)):
            run(
                "INSERT INTO suppressions (address_key, reason, origin, at) "
                + series.format(people)
                + f" SELECT 'reader' || i || '@example.org', '{reason}', 'bench', {now} FROM n WHERE i % {step} = 0 AND i % 210367 <> 0"
            )
        connection.exec_driver_sql("ANALYZE")
