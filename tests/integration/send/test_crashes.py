"""Kill a worker at every fault point, against every fault of the provider, beside another worker."""

import os
import signal
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.fakes.scene import Frozen, Scene, Workers, freeze_file, until_stopped, warm_workers
from tests.fakes.sendgrid import SendGrid
from tests.fakes.zygote import ENGINE, POINTS

FAULTS = (
    "ok",
    "accept_drop",
    "accept_500",
    "accept_slow",
    "503",
    "429",
    "429_reset",
    "reset",
    "redirect",
    "400_one",
    "400",
    "401",
    "html_502",
    "drip",
)
CELLS = list(product(("", *POINTS), FAULTS))
PAIRS = [
    (point, FAULTS[(place + shift) % len(FAULTS)], FAULTS[(place + shift + 1) % len(FAULTS)])
    for shift, point in enumerate(("", *POINTS))
    for place in range(0, len(FAULTS), 2)
]
"""Every fault point with every fault, two faults at a time."""


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    yield from warm_workers()


@pytest.fixture(scope="module")
def frozen_file(
    migrated_file: Path, tmp_path_factory: pytest.TempPathFactory, workers: Workers
) -> Frozen:
    return freeze_file(migrated_file, tmp_path_factory.mktemp("frozen"), workers)


@pytest.fixture
def scene(frozen_file: Frozen, tmp_path: Path, workers: Workers) -> Iterator[Scene]:
    with frozen_file.copied(tmp_path, workers) as made:
        yield made


@pytest.fixture
def pg_scene(pg_engine: sa.Engine, tmp_path: Path, workers: Workers) -> Scene:
    made = Scene(pg_engine, tmp_path, workers)
    made.freeze()
    return made


@pytest.mark.parametrize(("point", "fault"), CELLS)
def test_whatever_dies_nobody_is_mailed_twice_and_everybody_is_accounted_for(
    scene: Scene, point: str, fault: str
) -> None:
    _crash(scene, point, fault, fault)


@pytest.mark.parametrize(("point", "first", "second"), PAIRS)
def test_the_same_holds_on_postgresql(pg_scene: Scene, point: str, first: str, second: str) -> None:
    _crash(pg_scene, point, first, second)


@pytest.mark.parametrize("place", range(len(POINTS)))
def test_the_same_holds_for_jobs_of_the_engine(
    pg_engine: sa.Engine, tmp_path: Path, workers: Workers, place: int
) -> None:
    """A worker dies within a job; every fault point with two faults."""
    scene = Scene(pg_engine, tmp_path, workers, ENGINE)
    scene.freeze()
    point, faults = POINTS[place], FAULTS[2 * place + 1 : 2 * place + 3]
    _crash(scene, point, *faults)


def _crash(scene: Scene, point: str, *faults: str) -> None:
    """One of two workers dies; then what people see, learn from events, and decide."""
    with SendGrid(scene.ledger.path, ["ok", *faults]) as sink:
        scene.crash(sink, point)
        scene.judge_hold()
        scene.settle_by_evidence()
        scene.resolve_rest(sink)


@pytest.mark.parametrize("fault", ["ok", "accept_drop", "accept_500", "503", "reset"])
@pytest.mark.parametrize("point", ["after_claim_commit", "after_send", "after_response"])
def test_under_resend_everybody_gets_at_least_one(scene: Scene, point: str, fault: str) -> None:
    with SendGrid(scene.ledger.path, ["ok", fault]) as sink:
        doomed = scene.order(sink, owner="doomed", point=point, nth=2, policy="resend")
        scene.workers.wait(scene.workers.start(doomed))
        scene.recover(sink, policy="resend")
        copies = scene.ledger.copies()
        assert len(copies) == scene.people
        assert scene.report().submitted == scene.people


@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_was_stopped_past_its_lease_mails_nobody_twice(
    scene: Scene, point: str
) -> None:
    with SendGrid(scene.ledger.path) as sink:
        order = scene.order(sink, point=point, nth=2, signal=signal.SIGSTOP, deadline=5.0)
        stopped = scene.workers.start(order)
        until_stopped(stopped)
        scene.recover(sink)
        assert scene.report().held + scene.report().submitted == scene.people
        os.kill(stopped, signal.SIGCONT)
        scene.workers.wait(stopped)
        scene.recover(sink)
        scene.judge_hold()
        scene.settle_by_evidence()
        scene.resolve_rest(sink)


def test_a_stopped_worker_whose_lease_ended_does_not_send_any_more(scene: Scene) -> None:
    with SendGrid(scene.ledger.path) as sink:
        order = scene.order(sink, point="before_send", nth=2, signal=signal.SIGSTOP, deadline=5.0)
        stopped = scene.workers.start(order)
        until_stopped(stopped)
        scene.later(600)
        os.kill(stopped, signal.SIGCONT)
        scene.workers.wait(stopped)
        assert scene.ledger.copies().total() == scene.people
        scene.recover(sink)
        scene.judge_hold()
