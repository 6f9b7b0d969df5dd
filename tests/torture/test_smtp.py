"""SMTP for long: random kills against a server with every extension and every fault.

`make torture` runs it and prints the totals.
"""

import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.store.database import open_engine
from tests.fakes.esmtp import Esmtp
from tests.fakes.scene import Scene, Workers, warm_workers

pytestmark = pytest.mark.torture

KILLS = int(os.environ.get("TORTURE_KILLS", "200"))
FAULTS = ("rcpt_550", "rcpt_450", "data_550", "accept_drop", "drop", "garbled")
OFFERS = ((), ("PIPELINING",), ("CHUNKING",), ("PIPELINING", "CHUNKING"))


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    yield from warm_workers()


def test_a_soak_of_random_kills_over_smtp(
    migrated_file: Path, tmp_path: Path, workers: Workers, capsys: pytest.CaptureFixture[str]
) -> None:
    """Send issue after issue with two workers each, and kill them at random moments."""
    rng = random.Random(20261128)
    totals: Counter[str] = Counter()
    while totals["kills"] < KILLS:
        totals["issues"] += 1
        folder = tmp_path / str(totals["issues"])
        folder.mkdir()
        path = folder / "newsletter.sqlite3"
        shutil.copyfile(migrated_file, path)
        engine = open_engine(f"sqlite:///{path}")
        scene = Scene(engine, folder, workers)
        scene.freeze(people=200, size=5, provider="smtp")
        faults = rng.choices([*FAULTS, *["ok"] * 60], k=100)
        most = rng.choice([None, 3, 7])
        with Esmtp(faults, scene.ledger.path, offers=rng.choice(OFFERS), most=most) as sink:
            _soak(scene, sink, rng, totals)
        engine.dispose()
        shutil.rmtree(folder)
    with capsys.disabled():
        sys.stdout.write(f"\nSMTP soak: {dict(totals)}, no recipient twice\n")


def test_a_kill_leaves_at_most_one_message_in_doubt(
    migrated_file: Path, tmp_path: Path, workers: Workers, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server has no fault: only kills cause doubt, and each worker has one connection."""
    rng = random.Random(20261129)
    totals: Counter[str] = Counter()
    while totals["kills"] < KILLS:
        totals["issues"] += 1
        folder = tmp_path / str(totals["issues"])
        folder.mkdir()
        path = folder / "newsletter.sqlite3"
        shutil.copyfile(migrated_file, path)
        engine = open_engine(f"sqlite:///{path}")
        scene = Scene(engine, folder, workers)
        scene.freeze(people=200, size=50, provider="smtp")
        with Esmtp((), scene.ledger.path, offers=rng.choice(OFFERS)) as sink:
            kills = _kill_at_random(scene, sink, rng)
            scene.recover(sink)
            scene.judge_hold()
        assert scene.report().held <= kills
        totals["kills"] += kills
        totals["held"] += scene.report().held
        engine.dispose()
        shutil.rmtree(folder)
    with capsys.disabled():
        sys.stdout.write(f"\nSMTP kills: {dict(totals)}, at most one in doubt for each\n")


def _soak(scene: Scene, sink: Esmtp, rng: random.Random, totals: Counter[str]) -> None:
    totals["kills"] += _kill_at_random(scene, sink, rng)
    scene.recover(sink)
    scene.judge_hold()
    report = scene.report()
    totals["recipients"] += report.planned
    totals["submitted"] += report.submitted
    totals["held"] += report.held
    totals["refused"] += report.refused
    sink.mailbox.faults.clear()  # the server works again when a person decides
    missed = scene.settle_by_log()
    totals["missed, by a person's decision about a batch"] += len(missed)
    scene.resolve_rest(sink, missed)


def _kill_at_random(scene: Scene, sink: Esmtp, rng: random.Random) -> int:
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
