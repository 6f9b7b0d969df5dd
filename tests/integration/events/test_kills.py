"""Kill -9 at every point of taking in events and bounces: nothing is lost, nothing counts twice."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
import sqlalchemy as sa

from newsletter.maintenance import counters
from newsletter.store.engagement_tables import engagements
from newsletter.store.tables import event_bodies, events
from subscribers.tokens import Purpose, Signer
from tests.fakes.issues import NOW
from tests.fakes.returned import ORIGINAL, TOKEN, complaint, report
from tests.integration.events.conftest import Desk
from tests.integration.events.test_engagements import Crowd, recounted

ROOT = Path(__file__).parents[3]
NAME = "doomed"
"""How PostgreSQL lists the connections of the processes that are killed."""
DATABASES = pytest.mark.parametrize("engine", ["sqlite", "postgres"], indirect=True)


@contextmanager
def doomed(desk: Desk, folder: Path, work: str) -> Iterator[Callable[[int], bool]]:
    """Yield what starts a process that dies at a point; it returns whether the process died."""
    url = desk.office.engine.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fakes.draining", url, str(folder), work],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PGAPPNAME": NAME},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as forking:
        assert forking.stdin
        assert forking.stdout

        def run(point: int) -> bool:
            assert forking.stdin
            assert forking.stdout
            forking.stdin.write(f"{point}\n")
            forking.stdin.flush()
            status = int(forking.stdout.readline())
            assert status in {0, -signal.SIGKILL}
            wait_for_rollback(desk)
            return status != 0

        yield run
        forking.stdin.close()


def wait_for_rollback(desk: Desk) -> None:
    """Wait until PostgreSQL has noticed that a process is gone; SQLite has nothing to notice."""
    if desk.office.engine.dialect.name == "sqlite":
        return
    query = sa.text("SELECT count(*) FROM pg_stat_activity WHERE application_name = :name")
    while True:
        with desk.office.engine.connect() as connection:
            if not connection.scalar(query, {"name": NAME}):
                return
        time.sleep(0.005)


def waiting(desk: Desk) -> set[str]:
    """Return the events of the requests that are not drained."""
    with desk.office.reader.connect() as connection:
        bodies = connection.scalars(sa.select(event_bodies.c.body))
        return {event["sg_event_id"] for body in bodies for event in orjson.loads(body)}


def taken_in(desk: Desk) -> set[str]:
    """Return the ids of the events that are recorded."""
    with desk.office.reader.connect() as connection:
        tables = (events, engagements)
        return {key for table in tables for key in connection.scalars(sa.select(table.c.id))}


def some(desk: Desk, day: int) -> list[dict[str, object]]:
    """Return the events of a day, each twice: what moves, counts, suppresses and unsubscribes."""
    at, who = NOW + timedelta(days=day, hours=1), day % 11 + 1
    url = "https://x.example/1"
    found = [
        desk.event("deferred", who, at),
        desk.event("delivered", who, at + timedelta(minutes=1)),
        desk.event("click", who, at, url=url, useragent="Mozilla/5.0 (X11) Firefox/140"),
    ]
    found += [
        desk.event("bounce", 12, at + timedelta(minutes=n), type="bounce", status="5.2.2")
        for n in range(5)
    ]
    if day % 4 == 0:
        found.append(desk.event("spamreport" if day % 8 else "unsubscribe", who, at))
    return found + found


@DATABASES
def test_a_drain_that_is_killed_at_any_point_loses_and_doubles_nothing(
    desk: Desk, tmp_path: Path
) -> None:
    crowd = Crowd(desk)
    posted: set[str] = set()
    point, died = 0, True
    with doomed(desk, tmp_path, "drain") as run:
        while died:
            point += 1
            if not waiting(desk):
                found = some(desk, point)
                posted |= {str(event["sg_event_id"]) for event in found}
                desk.post(found)
            died = run(point)
            assert waiting(desk) | taken_in(desk) == posted
            assert counters.problems(desk.office.engine) == []
            assert crowd.counters() == recounted(
                each for each in crowd.rows() if each.judgment is not None
            )
    assert point > 25
    assert waiting(desk) == set()
    assert taken_in(desk) == posted
    assert desk.status().submitted == 12
    assert desk.person(12).suppressed is not None


@DATABASES
def test_a_mailbox_that_is_emptied_and_killed_at_any_point_loses_and_doubles_nothing(
    desk: Desk, tmp_path: Path
) -> None:
    new = tmp_path / "box" / "new"
    for folder in ("new", "cur", "tmp"):
        (tmp_path / "box" / folder).mkdir(parents=True)
    to = desk.context.returns.address("1-1")
    (new / "1.a").write_bytes(report("5.1.1", "550 no such user", to=to))
    link = Signer([b"k" * 32]).mint(3, "weekly", Purpose.ISSUE)
    (new / "2.a").write_bytes(complaint(original=ORIGINAL.replace(TOKEN, link)))
    point, died = 0, True
    with doomed(desk, tmp_path, "empty") as run:
        while died:
            point += 1
            died = run(point)
            assert counters.problems(desk.office.engine) == []
            filed = {path.name[0] for path in (tmp_path / "box" / "cur").iterdir()}
            assert len(taken_in(desk)) >= len(filed)
    assert point > 25
    assert list(new.iterdir()) == []
    assert len(taken_in(desk)) == 2
    assert desk.states()[:4] == ["bounced", "submitted", "complained", "submitted"]
    assert [bool(desk.person(number).suppressed) for number in (1, 2, 3)] == [True, False, True]
