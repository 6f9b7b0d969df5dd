"""Revision 0012: rows that repeat the cancellation of their batch share it again."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import command

from newsletter import migrations
from newsletter.store.sending import outcomes
from newsletter.store.tables import deliveries

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
BEFORE = [
    ("submitted", None),
    ("withdrawn", "unsubscribed"),
    ("withdrawn", "cancelled"),
    ("withdrawn", "paused"),
    ("withdrawn", "cancelled"),
    ("pending", None),
]
"""Deliveries of three batches of two: accepted, cancelled and prepared."""


def test_each_delivery_keeps_its_state_and_its_reason(empty_engine: sa.Engine) -> None:
    _fill(empty_engine)
    known = _known(empty_engine)
    migrations.upgrade(empty_engine)
    assert _known(empty_engine) == known
    with empty_engine.connect() as connection:
        query = sa.select(deliveries.c.state, deliveries.c.reason).order_by(deliveries.c.seq)
        stored = [tuple(row) for row in connection.execute(query)]
    assert stored == [
        ("submitted", None),
        ("withdrawn", "unsubscribed"),
        ("pending", None),
        ("withdrawn", "paused"),
        ("withdrawn", "cancelled"),
        ("pending", None),
    ]


def _fill(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        command.upgrade(migrations.configuration(connection), "0011")
    tables = sa.MetaData()
    tables.reflect(engine)
    states = ("accepted", "cancelled", "prepared")
    issue = {"id": 1, "newsletter": "weekly", "number": 1, "kind": "regular", "state": "cancelled"}
    with engine.begin() as connection:
        insert = tables.tables["issues"].insert()
        moments = {"due_at": AT, "drafted_at": AT, "nominal": "2026-11-20T08:00"}
        connection.execute(
            insert.values(issue | moments | {"blocks": [], "created_by": "person:ada"})
        )
        for seq, state in enumerate(states, 1):
            span = {"first_seq": 2 * seq - 1, "last_seq": 2 * seq}
            batch = {"issue_id": 1, "seq": seq, "edition_id": 1, "provider": "smtp"} | span
            reason = "cancelled" if state == "cancelled" else ""
            connection.execute(
                tables.tables["batches"].insert().values(batch | {"state": state, "reason": reason})
            )
        for seq, (state, reason) in enumerate(BEFORE, 1):
            row = {"issue_id": 1, "seq": seq, "subscriber_id": seq, "edition_id": 1}
            values = row | {"state": state, "reason": reason}
            connection.execute(tables.tables["deliveries"].insert().values(values))


def _known(engine: sa.Engine) -> list[tuple[str, str | None]]:
    with engine.connect() as connection:
        query = sa.select(outcomes.state(), outcomes.reason()).order_by(deliveries.c.seq)
        return [tuple(row) for row in connection.execute(query)]
