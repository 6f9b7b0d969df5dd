"""Statements about many rows at once write what SQLAlchemy would write."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa

from newsletter.store.bulk import Rows, among, insert_many, insert_new, update_many
from newsletter.store.sending import partitions
from newsletter.store.tables import deliveries, events

AT = datetime(2026, 11, 23, 8, 0, 0, 250_000, UTC)
NAMES = ("id", "kind", "at", "issue_id", "reason")
ROWS = [
    ('"quoted" \\u0041 \\', "delivered", AT, 1, "한국, {a,b}: 100 %"),
    ("null", "bounced", AT.astimezone(timezone(timedelta(hours=9))), None, "two\nlines"),
]
DELIVERIES = ("issue_id", "seq", "subscriber_id", "edition_id", "state", "reason")


def stored(connection: sa.Connection) -> list[tuple[object, ...]]:
    columns = [events.c[name] for name in NAMES]
    return [
        tuple(row) for row in connection.execute(sa.select(*columns).order_by(events.c.kind.desc()))
    ]


def test_rows_are_stored_as_they_are(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        insert_many(connection, events, NAMES, ROWS)
        insert_many(connection, events, NAMES, [])
        assert stored(connection) == ROWS
        same_time = sa.select(sa.func.count()).where(events.c.at == AT)
        assert connection.scalar(same_time) == len(ROWS)


def test_a_row_that_exists_stops_them_all(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        insert_many(connection, events, NAMES, ROWS[:1])
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        insert_many(connection, events, NAMES, ROWS[::-1])
    with engine.connect() as connection:
        assert stored(connection) == ROWS[:1]


def test_only_new_rows_are_inserted_and_named(engine: sa.Engine) -> None:
    first, second = (str(row[0]) for row in ROWS)
    with engine.begin() as connection:
        assert insert_new(connection, events, NAMES, ROWS[:1]) == {first}
        changed = (first, "processed", *ROWS[0][2:])
        assert insert_new(connection, events, NAMES, [ROWS[1], changed, ROWS[1]]) == {second}
        assert insert_new(connection, events, NAMES, ROWS) == set()
        assert insert_new(connection, events, NAMES, []) == set()
        assert stored(connection) == ROWS


def test_rows_are_updated_by_both_of_their_keys(engine: sa.Engine) -> None:
    rows = [(issue, seq, seq, 1, "pending", None) for issue in (1, 2) for seq in (1, 2, 3)]
    changed: dict[int, Rows] = {
        1: [("bounced", "it's dead", 2), ("dropped", "x", 9)],
        2: [("delivered", None, 3)],
        3: [],
        9: [("dropped", "x", 1)],
    }
    with engine.begin() as connection:
        for issue_id in (1, 2):
            partitions.add(connection, issue_id)
        insert_many(connection, deliveries, DELIVERIES, rows)
        for issue_id, found in changed.items():
            issue = ("issue_id", issue_id)
            update_many(connection, deliveries, issue, "seq", ("state", "reason"), found)
        d = deliveries.c
        query = sa.select(d.issue_id, d.seq, d.state, d.reason).where(d.state != "pending")
        rows_now = [tuple(row) for row in connection.execute(query.order_by(d.issue_id))]
        assert rows_now == [(1, 2, "bounced", "it's dead"), (2, 3, "delivered", None)]


def test_any_value_is_found_among_others(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        insert_many(connection, events, NAMES, ROWS)
        first = str(ROWS[0][0])
        for condition in (
            among(connection, events.c.id, [first]),
            among(connection, events.c.reason, ["another", str(ROWS[0][4])]),
            among(connection, events.c.issue_id, {1, 7}),
        ):
            assert connection.scalars(sa.select(events.c.id).where(condition)).all() == [first]
        nothing = sa.select(events.c.id).where(among(connection, events.c.id, ()))
        assert connection.scalars(nothing).all() == []
