"""A list of many chunks, applied by two workers that are killed at random.

TORTURE_IMPORT_KILLS is how many workers are killed (50).
"""

import os
import random
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.fakes.fleet import Fleet, until
from tests.fakes.lists import added, applied, approve_list

pytestmark = pytest.mark.torture

KILLS = int(os.environ.get("TORTURE_IMPORT_KILLS", "50"))
CHUNK = 20
WORKER = ("worker", "--queues", "imports", "--concurrency", "2")


def test_a_list_is_applied_once_by_workers_that_are_killed_at_random(
    pg_engine: sa.Engine, tmp_path: Path
) -> None:
    rng = random.Random(20)
    fleet = Fleet(pg_engine, tmp_path, "http://127.0.0.1:9")
    rows = KILLS * 10 * CHUNK
    approve_list(fleet, rows, CHUNK)
    workers = [fleet.start(*WORKER) for _ in range(2)]
    try:
        for _ in range(KILLS):
            place = rng.randrange(2)
            time.sleep(rng.uniform(1, 4))
            workers[place].kill()
            workers[place].wait()
            workers[place] = fleet.start(*WORKER)
        until(lambda: applied(fleet).state == "applied", "the rest is applied", 600)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    assert (applied(fleet).counts, added(fleet)) == ({"new": rows}, rows)
