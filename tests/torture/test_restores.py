"""The whole grid: a copy made in every state, put back in every state, for every provider.

`make torture` runs it and prints the totals. The sink's ledger is the judge.
"""

import shutil
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.store.database import open_engine
from tests.fakes.restores import PAIRS, Restoring, sink_of
from tests.fakes.scene import Scene, Workers, warm_workers
from tests.fakes.zygote import POINTS

pytestmark = pytest.mark.torture


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    yield from warm_workers()


@pytest.mark.parametrize("provider", ["smtp", "sendgrid"])
def test_no_restore_sends_a_second_copy_or_hides_anyone(
    provider: str,
    migrated_file: Path,
    tmp_path: Path,
    workers: Workers,
    capsys: pytest.CaptureFixture[str],
) -> None:
    totals: Counter[str] = Counter()
    for point in POINTS:
        for backed_up, restored in PAIRS:
            folder = tmp_path / "cell"
            folder.mkdir()
            shutil.copyfile(migrated_file, folder / "newsletter.sqlite3")
            engine = open_engine(f"sqlite:///{folder / 'newsletter.sqlite3'}")
            scene = Scene(engine, folder, workers)
            with sink_of(provider, scene.ledger.path) as server:
                played = Restoring(scene, server, point)
                played.play(backed_up, restored)
            engine.dispose()
            shutil.rmtree(folder)
            totals.update(played.totals)
            totals["restores"] += 1
    with capsys.disabled():
        sys.stdout.write(f"\nrestores, {provider}: {dict(totals)}, no recipient twice\n")
