"""300,000 events in any order, with 100,000 of them twice, end in the state of the ordered list."""

import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from newsletter.migrations import upgrade
from newsletter.model.actor import MACHINE
from newsletter.model.engagement import Tracking
from newsletter.send import run
from newsletter.store.database import open_engine
from newsletter.store.tables import batches
from newsletter.usecases import engagements
from tests.fakes import event_orders
from tests.fakes.issues import NOW, add_issue, add_many, publication
from tests.fakes.memory import MemorySender
from tests.integration.events.conftest import Desk
from tests.integration.send.conftest import Office

pytestmark = pytest.mark.torture

PEOPLE = 100_000
EVENTS = 300_000
REPEATED = 100_000
BATCH = 1_000
REQUEST = 1_000


def open_desk(path: Path) -> Desk:
    office = Office(open_engine(f"sqlite:///{path}"))
    office.issue_id = 1
    office.later(days=60)
    desk = Desk(office, path.parent)
    desk.configure(tracking=Tracking(opens=True, clicks=True))
    return desk


def submitted(path: Path) -> None:
    """Make a database with an issue that the provider accepted for everyone."""
    engine = open_engine(f"sqlite:///{path}")
    upgrade(engine)
    with engine.begin() as connection:
        add_many(connection, PEOPLE)
        issue_id = add_issue(connection)
    route = run.Route(MemorySender(max_batch=BATCH))
    run.prepare(engine, publication(), issue_id, route, now=NOW)
    with engine.begin() as connection:
        accepted = {"state": "accepted", "attempt": 1, "submitted": batches.c.planned}
        connection.execute(batches.update().values(accepted))
    engine.dispose()


def outcome(
    desk: Desk, found: list[event_orders.Event], capsys: pytest.CaptureFixture[str]
) -> dict[str, list[tuple[object, ...]]]:
    for begin in range(0, len(found), REQUEST):
        desk.post(found[begin : begin + REQUEST])
    began, cpu = time.perf_counter(), time.process_time()
    desk.drain()
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    with capsys.disabled():
        each = 1e6 * used / len(found)
        rate = len(found) / seconds
        sys.stdout.write(f"\n{len(found):,} events: {rate:,.0f}/s, {each:.0f} µs CPU each\n")
    engagements.decide(desk.context, MACHINE)
    with desk.office.reader.connect() as connection:
        return event_orders.known(connection)


def test_300_000_events_in_any_order_end_in_one_state(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, other = tmp_path / "ordered.sqlite3", tmp_path / "shuffled.sqlite3"
    submitted(path)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(other)) as target:
        source.backup(target)
    ordered, shuffled = open_desk(path), open_desk(other)
    rng = Random(20261128)
    found = event_orders.some(ordered, rng, EVENTS, PEOPLE, BATCH)
    expected = outcome(ordered, found, capsys)
    mixed = found + rng.sample(found, k=REPEATED)
    rng.shuffle(mixed)
    result = outcome(shuffled, mixed, capsys)
    for name, rows in expected.items():
        assert result[name] == rows, name
    assert len(expected["events"]) + len(expected["engagements"]) == EVENTS
