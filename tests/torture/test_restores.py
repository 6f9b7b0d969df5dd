"""The whole grid: a copy made in every state, put back in every state, for every provider.

`make torture` runs it and prints the totals. The sink's ledger is the judge.
"""

import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product
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


@pytest.fixture(scope="module")
def totals() -> Iterator[Counter[str]]:
    """Count what became of the recipients, and print it at the end."""
    counted: Counter[str] = Counter()
    yield counted
    sys.stdout.write(f"\nrestores: {dict(counted)}, no recipient twice\n")


CELLS = list(product(("smtp", "sendgrid"), POINTS, PAIRS))


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell[0]}-{cell[1]}-{'-'.join(cell[2])}")
def test_no_restore_sends_a_second_copy_or_hides_anyone(
    cell: tuple[str, str, tuple[str, str]],
    migrated_file: Path,
    tmp_path: Path,
    workers: Workers,
    totals: Counter[str],
    record_property: Callable[[str, object], None],
) -> None:
    provider, point, (backed_up, restored) = cell
    shutil.copyfile(migrated_file, tmp_path / "newsletter.sqlite3")
    engine = open_engine(f"sqlite:///{tmp_path / 'newsletter.sqlite3'}")
    scene = Scene(engine, tmp_path, workers)
    with sink_of(provider, scene.ledger.path) as server:
        played = Restoring(scene, server, point)
        played.play(backed_up, restored)
    engine.dispose()
    totals.update(played.totals | Counter({f"restores, {provider}": 1}))
    for name, number in played.totals.items():
        record_property(name, number)
