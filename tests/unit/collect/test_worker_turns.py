"""A source whose documents take long does not keep other sources from being parsed."""

import threading
import time

import pytest

from newsletter.collect.parsing.sandbox import Sandbox
from newsletter.collect.parsing.turns import WorkerTurns
from newsletter.errors import ExtractFailed

GOOD = (
    b"<html><body><h1>On the River</h1>" + b"<p>The river rose in the spring of that year.</p>" * 20
)
SLOW = b"<html><body><h1>T</h1>" + b"<p>- a<br>" * 1_200_000


class _Holder:
    """Uses a worker until it is told to give it back."""

    def __init__(self, turns: WorkerTurns[str], source: str) -> None:
        self.has, self.give_back = threading.Event(), threading.Event()
        self._turns, self._source = turns, source
        self.thread = threading.Thread(target=self._hold)
        self.thread.start()

    def _hold(self) -> None:
        with self._turns.turn(self._source):
            self.has.set()
            self.give_back.wait(30)

    def end(self) -> None:
        self.give_back.set()
        self.thread.join(30)


def _slow(turns: WorkerTurns[str], *sources: str) -> None:
    """Let each source use a worker for a moment, which makes it slow for these turns."""
    for source in sources:
        with turns.turn(source):
            time.sleep(0.01)


def test_slow_sources_leave_a_worker_to_the_others() -> None:
    turns = WorkerTurns(["a", "b"], slow_seconds=0.005)
    _slow(turns, "hostile", "dripping")
    hostile = _Holder(turns, "hostile")
    assert hostile.has.wait(30)
    dripping = _Holder(turns, "dripping")
    with turns.turn("good"):
        assert not dripping.has.is_set()
    hostile.end()
    assert dripping.has.wait(30)
    dripping.end()


def test_a_slow_source_has_its_turn_when_there_is_only_one_worker() -> None:
    turns = WorkerTurns(["a"], slow_seconds=0.005)
    _slow(turns, "hostile")
    with turns.turn("hostile") as worker:
        assert worker == "a"


def test_the_source_that_used_least_comes_first() -> None:
    turns = WorkerTurns(["a"], slow_seconds=60)
    _slow(turns, "busy")
    first = _Holder(turns, "busy")
    assert first.has.wait(30)
    waiting = [_Holder(turns, "busy"), _Holder(turns, "idle")]
    while len(turns._waiting) < 2:  # noqa: SLF001 - both wait before the worker is free
        time.sleep(0.001)
    first.end()
    assert waiting[1].has.wait(30)
    assert not waiting[0].has.is_set()
    waiting[1].end()
    assert waiting[0].has.wait(30)
    waiting[0].end()


def test_a_hostile_page_does_not_delay_another_source() -> None:
    with Sandbox(2, seconds=8) as sandbox:
        sandbox.article(GOOD, name="a.html", source="good")  # both processes are started
        outcomes: list[str] = []

        def read_hostile() -> None:
            with pytest.raises(ExtractFailed):
                sandbox.article(SLOW, name="a.html", source="hostile")
            outcomes.append("hostile")

        hostile = threading.Thread(target=read_hostile)
        hostile.start()
        for _ in range(5):
            sandbox.article(GOOD, name="a.html", source="good")
            outcomes.append("good")
        hostile.join()
    assert outcomes == ["good"] * 5 + ["hostile"]
