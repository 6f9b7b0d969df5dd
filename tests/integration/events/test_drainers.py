"""Several drain at once, beside a send: every event counts once, and no one finds the database locked."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.store.database import open_engine
from newsletter.store.tables import event_bodies, events
from tests.fakes.issues import NOW, add_issue
from tests.integration.events.conftest import Desk
from tests.integration.send.conftest import Office

MINUTES = 240


def beside(desk: Desk, folder: Path) -> Desk:
    """Return the same desk as another process opens it."""
    office = Office(open_engine(desk.office.engine.url.render_as_string(hide_password=False)))
    office.issue_id = desk.office.issue_id
    return Desk(office, folder)


def close(desk: Desk) -> None:
    desk.office.engine.dispose()
    desk.office.reader.dispose()


def at_once(*work: Callable[[], object]) -> None:
    """Do everything at the same time; raise what any of it raises."""
    with ThreadPoolExecutor(len(work)) as pool:
        for done in [pool.submit(each) for each in work]:
            done.result()


def post_shuffled(desk: Desk) -> int:
    """Store requests with every event twice, in any order; return how many events there are."""
    found = [
        desk.event(kind, minute % 12 + 1, NOW + timedelta(minutes=minute))
        for minute in range(MINUTES)
        for kind in ("processed", "deferred", "delivered")
    ]
    mixed = random.Random(7).sample(found * 2, k=2 * len(found))
    for begin in range(0, len(mixed), 50):
        desk.post(mixed[begin : begin + 50])
    return len(found)


def count(desk: Desk, table: sa.Table) -> int:
    with desk.office.reader.connect() as connection:
        return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"], indirect=True)
def test_two_drainers_count_no_event_twice(desk: Desk, tmp_path: Path) -> None:
    total = post_shuffled(desk)
    others = [beside(desk, tmp_path / name) for name in ("a", "b")]
    at_once(*(other.drain for other in others))
    for other in others:
        close(other)
    assert desk.drain().new == 0
    assert (count(desk, event_bodies), count(desk, events)) == (0, total)
    found = desk.status()
    assert (found.submitted, found.delivered, found.deferred) == (12, 12, 0)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_an_issue_is_sent_while_events_are_drained(desk: Desk, tmp_path: Path) -> None:
    total = post_shuffled(desk)
    sending = beside(desk, tmp_path / "sending").office
    with sending.engine.begin() as connection:
        sending.issue_id = add_issue(connection, number=2)
    sending.freeze()
    drainer = beside(desk, tmp_path / "drainer")
    at_once(drainer.drain, sending.submit)
    close(drainer)
    assert count(desk, events) == total
    assert desk.status().delivered == 12
    assert sending.told().submitted == 12
    sending.engine.dispose()
    sending.reader.dispose()
