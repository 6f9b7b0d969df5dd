"""While hostile sources are read, a page is answered, a confirmation and an issue go out."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest

from newsletter.cli.running import logged
from newsletter.clock import clock
from newsletter.model.states import IssueState
from newsletter.pipeline.report import Line
from newsletter.schedule import Ticker
from tests.fakes.hostile import Piece, pieces, sources
from tests.fakes.house import CONFIGURATION, MONDAY, House, house, reopened
from tests.fakes.pages import pages

EVERYTHING = pieces()
QUICK = [piece for piece in EVERYTHING if piece.kind in {"drip", "late", "robots"}]
PATIENCE = 150.0
"""Seconds after which what has not happened counts as not happening. Sources take longer."""


@dataclass(slots=True)
class Beside:
    """A publication with an approved issue whose hostile sources are being read."""

    house: House
    collected: threading.Event = field(default_factory=threading.Event)

    def assert_served(self) -> None:
        """Check that pages, a confirmation and the issue do not wait for the collection."""
        house = self.house
        with pages(house.app) as site:
            assert site.get(site.public).status_code == 200
            form = {"address": "eve@example.org", "newsletter": "weekly", "agree": "yes"}
            asked = httpx2.post(f"{site.public}/sign-up", data=form, trust_env=False)
            assert asked.status_code == 303
            house.at = MONDAY
            assert eventually(lambda: self.confirmations() == 1)
            assert eventually(lambda: house.mails() == ["1-1", "1-2", "1-3"])
            assert eventually(lambda: house.issues()[0].state is IssueState.SUBMITTED)
            assert [site.get(site.public).status_code for _ in range(10)] == [200] * 10
        assert not self.collected.is_set()

    def confirmations(self) -> int:
        """Count the emails to the person who signed up."""
        notices = self.house.app.settings.outbox.glob("notice*.eml")
        return sum(b"eve@example.org" in path.read_bytes() for path in notices)


Mode = Callable[[Beside], Callable[[], object]]


def eventually(happened: Callable[[], bool]) -> bool:
    """Wait until something has happened."""
    deadline = time.monotonic() + PATIENCE
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.1)
    return happened()


@contextmanager
def hostile(root: Path, shown: list[Piece], work: Mode) -> Iterator[Beside]:
    """Open a publication with an approved issue, and read hostile sources until the block ends."""
    with house(root) as opened:
        opened.pass_at(MONDAY - timedelta(days=3))
        opened.pass_at(MONDAY - timedelta(days=2) + timedelta(minutes=1))
        opened.approve()
    with sources(shown, root / "hostile") as tables:
        (root / "newsletter.toml").write_text(CONFIGURATION.format(more=tables), encoding="utf-8")
        opened = reopened(root, MONDAY - timedelta(minutes=1))
        beside = Beside(opened)
        thread = threading.Thread(target=work(beside))
        thread.start()
        try:
            yield beside
        finally:
            opened.app.stop.set()
    thread.join()  # now that no source answers anymore, this is soon
    opened.app.close()


def run(beside: Beside) -> Callable[[], object]:
    """Return a pass as cron makes it."""

    def on_line(line: Line) -> None:
        if line.stage == "collect":
            beside.collected.set()

    return lambda: beside.house.app.one_pass(on_line)


def serve(beside: Beside) -> Callable[[], object]:
    """Return passes as `serve` makes them, until the publication stops."""
    parts = beside.house.app.parts()

    def collect() -> list[Line]:
        report = parts["collect"]()
        beside.collected.set()
        return report

    def work() -> None:
        ticks = {name: logged(part) for name, part in {**parts, "collect": collect}.items()}
        ticker = Ticker(ticks, every=timedelta(seconds=1))
        ticker.start(clock())
        beside.house.app.stop.wait()
        ticker.stop()

    return work


MODES: dict[str, Mode] = {"run": run, "serve": serve}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "shown", [QUICK, pytest.param(EVERYTHING, marks=pytest.mark.torture)], ids=["quick", "all"]
)
def test_hostile_sources_hold_nothing_back(mode: str, shown: list[Piece], tmp_path: Path) -> None:
    with hostile(tmp_path, shown, MODES[mode]) as beside:
        beside.assert_served()
