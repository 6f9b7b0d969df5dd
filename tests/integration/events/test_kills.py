"""Kill -9 while events are drained: nothing is lost, and nothing is counted twice."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.maintenance import counters
from newsletter.store.tables import event_bodies, events
from tests.fakes.issues import NOW
from tests.integration.events.conftest import Desk

ROOT = Path(__file__).parents[3]
DRAINER = """
import sys
from pathlib import Path

from newsletter.store.database import open_engine
from tests.integration.events.conftest import Desk
from tests.integration.send.conftest import Office

office = Office(open_engine(sys.argv[1]))
office.issue_id = 1
desk = Desk(office, Path(sys.argv[2]))
print("ready", flush=True)
desk.drain()
"""
KILLS = 6


@pytest.mark.parametrize("engine", ["sqlite", "postgres"], indirect=True)
def test_kills_while_draining_lose_and_double_nothing(desk: Desk, tmp_path: Path) -> None:
    for minute in range(120):
        who = minute % 12 + 1
        kinds = ("deferred", "delivered", "spamreport") if who == 1 else ("deferred", "delivered")
        at = NOW + timedelta(minutes=minute)
        desk.post(desk.event(kind, who, at) for kind in kinds for _ in range(2))
    url = desk.office.engine.url.render_as_string(hide_password=False)
    for kill in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-c", DRAINER, url, str(tmp_path)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
        ) as worker:
            assert worker.stdout
            worker.stdout.readline()
            time.sleep(0.004 * kill)
            worker.send_signal(signal.SIGKILL)
            worker.wait()
    desk.drain()
    with desk.office.reader.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(event_bodies)) == 0
        assert connection.scalar(sa.select(sa.func.count()).select_from(events)) == 120 * 2 + 10
    found = desk.status()
    assert (found.submitted, found.delivered, found.complained, found.deferred) == (12, 11, 1, 0)
    assert counters.problems(desk.office.engine) == []
