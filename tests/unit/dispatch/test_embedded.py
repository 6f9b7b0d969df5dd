"""Steps beside a longer one: what the longer one did is reported, whatever happens to the others."""

import sqlite3
import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa

from newsletter.dispatch import embedded
from newsletter.pipeline.report import Level, Line, Step

COLLECT, SEND, AFTER = (Step(name, "issues") for name in ("collect", "send", "after"))

_REASON = sqlite3.OperationalError("database is locked")
_REASON.sqlite_errorcode = sqlite3.SQLITE_BUSY
_BUSY = sa.exc.OperationalError("BEGIN IMMEDIATE", None, _REASON)


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "EVERY_SECONDS", 0.01)


def test_the_report_of_the_longer_step_survives_a_locked_database() -> None:
    locked = threading.Event()

    def perform(step: Step) -> Iterator[Line]:
        if step is SEND:
            locked.set()
            raise _BUSY
        assert locked.wait(10)
        yield Line(step.name, "feed: 3 new")

    lines = embedded.run([COLLECT, AFTER], perform, threading.Event(), beside={"collect": [SEND]})
    assert [(line.stage, line.level) for line in lines] == [
        ("collect", Level.OK),
        ("collect", Level.FAILED),
    ]


def test_a_stop_ends_the_steps_beside_a_longer_one() -> None:
    stop, done = threading.Event(), threading.Event()
    beside = []

    def perform(step: Step) -> Iterator[Line]:
        if step is SEND:
            beside.append(step)
            stop.set()
            done.set()
            return
        assert done.wait(10)
        yield Line(step.name, "feed: 3 new")

    lines = embedded.run([COLLECT, AFTER], perform, stop, beside={"collect": [SEND]})
    assert ([line.stage for line in lines], beside) == (["collect"], [SEND])
