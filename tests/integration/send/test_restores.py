"""A part of the grid of kills and restores; `make torture` runs all of it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from newsletter.store.database import open_engine
from tests.fakes.restores import Restoring, sink_of
from tests.fakes.scene import Scene, Workers, warm_workers

SAMPLE = [
    ("empty", "sent", "after_response", "smtp"),
    ("empty", "killed", "after_send", "sendgrid"),
    ("approved", "sent", "mid_body", "sendgrid"),
    ("frozen", "killed again", "after_send", "smtp"),
    ("killed", "sent", "before_send", "smtp"),
    ("frozen", "sent", "after_commit", "sendgrid"),
]


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    yield from warm_workers()


@pytest.mark.parametrize("cell", SAMPLE)
def test_a_restore_sends_no_second_copy_and_hides_no_one(
    cell: tuple[str, str, str, str],
    migrated_file: Path,
    tmp_path: Path,
    workers: Workers,
) -> None:
    backed_up, restored, point, provider = cell
    path = tmp_path / "newsletter.sqlite3"
    shutil.copyfile(migrated_file, path)
    engine = open_engine(f"sqlite:///{path}")
    scene = Scene(engine, tmp_path, workers)
    with sink_of(provider, scene.ledger.path) as server:
        Restoring(scene, server, point).play(backed_up, restored)
    engine.dispose()
