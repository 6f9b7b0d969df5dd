"""Kill a worker that speaks SMTP, at every fault point, against every fault of the server."""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.fakes.esmtp import Esmtp
from tests.fakes.scene import Frozen, Scene, Workers, freeze_file, until_stopped, warm_workers
from tests.fakes.smtp import Smtp
from tests.fakes.zygote import POINTS

FAULTS = (
    "ok",
    "rcpt_550",
    "rcpt_450",
    "data_550",
    "accept_drop",
    "drop",
    "data_slow",
    "garbled",
)


@dataclass(frozen=True)
class Cut:
    """How many people there are, and how many in a batch."""

    people: int
    size: int


CONNECTIONS = 2
ONE = Cut(people=6, size=1)
"""Each mail a batch of its own: what a person decides is decided for that one alone."""
FEW = Cut(people=12, size=4)
CUTS = (ONE, FEW)
SERVERS = (Esmtp, Smtp)
"""One that takes a message in one round trip, and one that wants to answer every command."""
CELLS = [
    (point, fault, CUTS[(row + column) % 2], SERVERS[(row + column // 2) % 2])
    for row, point in enumerate(("", *POINTS))
    for column, fault in enumerate(FAULTS)
]
PAIRS = [
    (
        point,
        FAULTS[(place + shift) % len(FAULTS)],
        FAULTS[(place + shift + 1) % len(FAULTS)],
        CUTS[(shift + place // 2) % 2],
    )
    for shift, point in enumerate(("", *POINTS))
    for place in range(0, len(FAULTS), 2)
]
"""Every fault point with every fault, two faults at a time."""


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    yield from warm_workers()


@pytest.fixture(scope="module")
def frozen(
    migrated_file: Path, tmp_path_factory: pytest.TempPathFactory, workers: Workers
) -> dict[Cut, Frozen]:
    """A frozen issue for each cut."""
    made = {}
    for cut in CUTS:
        folder = tmp_path_factory.mktemp("frozen")
        made[cut] = freeze_file(
            migrated_file,
            folder,
            workers,
            people=cut.people,
            size=cut.size,
            provider="smtp",
        )
    return made


@pytest.fixture
def scene(frozen: dict[Cut, Frozen], cut: Cut, tmp_path: Path, workers: Workers) -> Iterator[Scene]:
    with frozen[cut].copied(tmp_path, workers) as made:
        yield made


@pytest.mark.parametrize(("point", "fault", "cut", "server"), CELLS)
def test_whatever_dies_nobody_is_mailed_twice_and_everybody_is_accounted_for(
    scene: Scene, point: str, fault: str, cut: Cut, server: type[Esmtp | Smtp]
) -> None:
    with server(["ok", fault, fault], scene.ledger.path) as sink:
        _crash(scene, cut, point, sink)


@pytest.fixture
def pg_scene(pg_engine: sa.Engine, cut: Cut, tmp_path: Path, workers: Workers) -> Scene:
    made = Scene(pg_engine, tmp_path, workers)
    made.freeze(cut.people, cut.size, "smtp")
    return made


@pytest.mark.parametrize(("point", "first", "second", "cut"), PAIRS)
def test_the_same_holds_on_postgresql(
    pg_scene: Scene, point: str, first: str, second: str, cut: Cut
) -> None:
    with Esmtp(["ok", first, second], pg_scene.ledger.path) as sink:
        _crash(pg_scene, cut, point, sink)


def _crash(scene: Scene, cut: Cut, point: str, sink: Esmtp | Smtp) -> None:
    """One of two workers dies; then what people see, look up, and decide."""
    scene.crash(sink, point)
    _settle(scene, cut, sink)


@pytest.mark.parametrize("cut", [ONE])
@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_was_stopped_past_its_lease_mails_nobody_twice(
    scene: Scene, point: str, cut: Cut
) -> None:
    with Esmtp(ledger=scene.ledger.path) as sink:
        order = scene.order(sink, point=point, nth=2, signal=signal.SIGSTOP, deadline=5.0)
        pid = scene.workers.start(order)
        until_stopped(pid)
        scene.recover(sink)
        assert scene.report().held + scene.report().submitted == scene.people
        os.kill(pid, signal.SIGCONT)
        scene.workers.wait(pid)
        scene.recover(sink)
        _settle(scene, cut, sink)


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_leaves_at_most_one_message_per_connection_in_doubt(
    sqlite_engine: sa.Engine, point: str, tmp_path: Path, workers: Workers
) -> None:
    """A part of the 200 kills of `make torture`. Only kills cause doubt, not a slow machine."""
    scene = Scene(sqlite_engine, tmp_path, workers)
    scene.freeze(people=40, size=10, provider="smtp")
    with Esmtp(ledger=scene.ledger.path) as sink:
        doomed = scene.order(
            sink, owner="doomed", point=point, nth=3, connections=CONNECTIONS, deadline=10.0
        )
        ended = workers.wait(workers.start(doomed))
        assert ended["status"] == signal.SIGKILL
        scene.recover(sink)
        scene.judge_hold()
    assert scene.report().held <= CONNECTIONS


class Pair:
    """Two servers with one ledger, as the sink of a worker; the first one misbehaves."""

    provider = "smtp"

    def __init__(self, first: Esmtp, second: Esmtp) -> None:
        """Take two servers that run."""
        self.url = f"{first.url} {second.url}"


@pytest.mark.parametrize("cut", [FEW])
@pytest.mark.parametrize("point", ["", *POINTS])
@pytest.mark.parametrize("faults", [["ok", "drop", "mail_450"], ["rcpt_421", "accept_drop"]])
def test_with_two_servers_no_one_is_lost_or_gets_two_copies(
    scene: Scene, point: str, cut: Cut, faults: list[str]
) -> None:
    with Esmtp(faults, scene.ledger.path) as first, Esmtp(ledger=scene.ledger.path) as second:
        pair = Pair(first, second)
        scene.crash(pair, point)
        # How much the first server got depends on the time. A fault that is left over would put the
        # last attempt in doubt, after which nothing may be.
        first.mailbox.faults.clear()
        _settle(scene, cut, pair)
        assert second.mailbox.messages


def _settle(scene: Scene, cut: Cut, sink: Esmtp | Smtp | Pair) -> None:
    """Judge what is shown, look the doubtful up in the server's log, and submit the rest again."""
    scene.judge_hold()
    missed = scene.settle_by_log()
    assert len(missed) < cut.size, "only those may be missed whose worker died amid their batch"
    scene.resolve_rest(sink, missed)
