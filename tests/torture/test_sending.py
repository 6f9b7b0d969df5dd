"""Long runs: every fault, policy and database, on busy cores, with random kills.

`make torture` runs it and prints the totals.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.store.database import open_engine
from tests.fakes.scene import Scene, Workers, warm_workers
from tests.fakes.sendgrid import FAULTS, SendGrid
from tests.fakes.zygote import ENGINE, POINTS

pytestmark = pytest.mark.torture

KILLS = int(os.environ.get("TORTURE_KILLS", "500"))


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    yield from warm_workers()


@pytest.fixture(scope="module", autouse=True)
def busy_cores() -> Iterator[None]:
    """Keep every core busy during the tests, because idle machines hide races."""
    spin = [sys.executable, "-c", "while True: pass"]
    spinning = [subprocess.Popen(["nice", "-n", "1", *spin]) for _ in range(os.cpu_count() or 1)]
    yield
    for process in spinning:
        process.kill()
        process.wait()


@contextmanager
def _scene(engine: sa.Engine, folder: Path, workers: Workers) -> Iterator[Scene]:
    folder.mkdir(exist_ok=True)
    yield Scene(engine, folder, workers)
    engine.dispose()


CELLS = list(product(("", *POINTS), FAULTS, (1, 2, 3), ("hold", "resend")))


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: "-".join(map(str, cell)))
def test_every_point_fault_and_policy(
    engine: sa.Engine, tmp_path: Path, workers: Workers, cell: tuple[str, str, int, str]
) -> None:
    _crash(Scene(engine, tmp_path, workers), cell)


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: "-".join(map(str, cell)))
def test_every_point_fault_and_policy_in_jobs_of_the_engine(
    pg_engine: sa.Engine, tmp_path: Path, workers: Workers, cell: tuple[str, str, int, str]
) -> None:
    _crash(Scene(pg_engine, tmp_path, workers, ENGINE), cell)


def _crash(scene: Scene, cell: tuple[str, str, int, str]) -> None:
    """One of two workers may die at a point; then everything is settled."""
    point, fault, nth, policy = cell
    workers = scene.workers
    scene.freeze()
    with SendGrid(scene.ledger.path, ["ok", fault, fault]) as sink:
        order = scene.order(sink, owner="doomed", point=point, nth=nth, policy=policy)
        doomed = workers.start(order)
        other = workers.start(scene.order(sink, owner="other", policy=policy))
        workers.wait(doomed)
        workers.wait(other)
        scene.recover(sink, policy=policy)
        if policy == "resend":
            refused = [state for state in scene.by_address().values() if state == "refused"]
            assert len(scene.ledger.copies()) + len(refused) == scene.people
            return
        scene.judge_hold()
        scene.settle_by_evidence()
        scene.resolve_rest(sink)


def test_a_soak_of_random_kills(
    migrated_file: Path, tmp_path: Path, workers: Workers, capsys: pytest.CaptureFixture[str]
) -> None:
    """Send issue after issue with two workers each, and kill them at random moments."""
    rng = random.Random(20261123)
    totals: Counter[str] = Counter()
    while totals["kills"] < KILLS:
        totals["issues"] += 1
        folder = tmp_path / str(totals["issues"])
        folder.mkdir()
        path = folder / "newsletter.sqlite3"
        shutil.copyfile(migrated_file, path)
        with _scene(open_engine(f"sqlite:///{path}"), folder, workers) as scene:
            scene.freeze(people=200, size=5)
            faults = rng.choices([*FAULTS, *["ok"] * 60], k=60)
            with SendGrid(scene.ledger.path, faults, delay=0.002) as sink:
                totals["kills"] += _kill_at_random(scene, sink, rng)
                scene.recover(sink)
                scene.judge_hold()
                report = scene.report()
                totals["recipients"] += report.planned
                totals["submitted"] += report.submitted
                totals["held"] += report.held
                totals["refused"] += report.refused
                scene.settle_by_evidence()
                totals["held, not reached"] += scene.report().held
                sink.faults.clear()  # the provider works again when a person decides
                scene.resolve_rest(sink)
        shutil.rmtree(folder)
    with capsys.disabled():
        sys.stdout.write(f"\nsoak: {dict(totals)}, no recipient twice\n")


def _kill_at_random(scene: Scene, sink: SendGrid, rng: random.Random) -> int:
    kills = 0
    for _ in range(8):
        scene.later(1)
        pair = [scene.workers.start(scene.order(sink, owner=name, deadline=2.0)) for name in "ab"]
        for pid in pair:
            time.sleep(rng.uniform(0.0, 0.15))
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        for pid in pair:
            kills += scene.workers.wait(pid)["status"] == signal.SIGKILL
    return kills
