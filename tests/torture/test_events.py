"""300,000 events in any order, with 100,000 of them twice, end in the state of the ordered list."""

import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from newsletter.migrations import upgrade
from newsletter.model.actor import MACHINE
from newsletter.model.engagement import Tracking
from newsletter.send import run
from newsletter.store.database import open_engine, truncate_log
from newsletter.store.tables import batches
from newsletter.usecases import engagements
from tests.fakes import event_orders
from tests.fakes.issues import NOW, add_issue, add_many, publication
from tests.fakes.memory import MemorySender
from tests.fakes.postgres import Postgres
from tests.integration.events.conftest import Desk
from tests.integration.send.conftest import Office

pytestmark = pytest.mark.torture

PEOPLE = 100_000
EVENTS = 300_000
REPEATED = 100_000
BATCH = 1_000
REQUEST = 1_000


@contextmanager
def opened(url: str, folder: Path) -> Iterator[Desk]:
    """Yield the desk of a database, sixty days later."""
    office = Office(open_engine(url))
    office.issue_id = 1
    office.later(days=60)
    desk = Desk(office, folder)
    desk.configure(tracking=Tracking(opens=True, clicks=True))
    yield desk
    office.engine.dispose()
    office.reader.dispose()


def submit(url: str) -> None:
    """Fill a database with an issue that the provider accepted for everyone."""
    engine = open_engine(url)
    upgrade(engine)
    with engine.begin() as connection:
        add_many(connection, PEOPLE)
        issue_id = add_issue(connection)
    route = run.Route(MemorySender(max_batch=BATCH))
    run.prepare(engine, publication(), issue_id, route, now=NOW)
    with engine.begin() as connection:
        accepted = {"state": "accepted", "attempt": 1, "submitted": batches.c.planned}
        connection.execute(batches.update().values(accepted))
    truncate_log(engine)
    engine.dispose()


def take_in(url: str, folder: Path, found: list[event_orders.Event], drainers: int) -> str:
    """Post events and drain them, by one or several at once; return how long that took."""
    with opened(url, folder) as desk:
        for begin in range(0, len(found), REQUEST):
            desk.post(found[begin : begin + REQUEST])
    began, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(drainers) as pool:
        for done in [pool.submit(drain, url, folder) for _ in range(drainers)]:
            done.result()
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    rate, each = len(found) / seconds, 1e6 * used / len(found)
    return f"{len(found):,} events by {drainers}: {rate:,.0f}/s, {each:.0f} µs CPU each"


def drain(url: str, folder: Path) -> None:
    """Drain as a process does: with connections of its own."""
    with opened(url, folder) as desk:
        desk.drain()


def known(url: str, folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Decide about opens and clicks, and return all that is known then."""
    with opened(url, folder) as desk:
        assert desk.drain().events == 0
        engagements.decide(desk.context, MACHINE)
        with desk.office.reader.connect() as connection:
            return event_orders.known(connection)


def check(ordered: str, shuffled: str, folder: Path, drainers: int) -> list[str]:
    """Compare two equal databases after the same events in different orders; return what it took."""
    rng = Random(20261128)
    with opened(ordered, folder) as desk:
        found = event_orders.some(desk, rng, EVENTS, PEOPLE, BATCH)
    mixed = found + rng.sample(found, k=REPEATED)
    rng.shuffle(mixed)
    lines = [take_in(ordered, folder, found, 1), take_in(shuffled, folder, mixed, drainers)]
    expected, result = known(ordered, folder), known(shuffled, folder)
    for name, rows in expected.items():
        assert result[name] == rows, name
    assert len(expected["events"]) + len(expected["engagements"]) == EVENTS
    return lines


def show(lines: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(lines) + "\n")


def test_300_000_events_in_any_order_end_in_one_state(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, other = tmp_path / "ordered.sqlite3", tmp_path / "shuffled.sqlite3"
    submit(f"sqlite:///{path}")
    shutil.copyfile(path, other)
    show(check(f"sqlite:///{path}", f"sqlite:///{other}", tmp_path, drainers=1), capsys)


def test_two_drainers_of_postgresql_end_in_that_state(
    postgres: Postgres, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with postgres.database() as ordered:
        url = ordered.render_as_string(hide_password=False)
        submit(url)
        with postgres.database(str(ordered.database)) as shuffled:
            other = shuffled.render_as_string(hide_password=False)
            show(check(url, other, tmp_path, drainers=2), capsys)
