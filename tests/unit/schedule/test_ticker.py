"""The jobs of the scheduler: they run side by side, continue after a failure, and end in order."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from newsletter.schedule import Ticker

LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_first_tick_that_is_late_runs_at_once_and_only_once() -> None:
    ticked = threading.Event()
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(1)
        ticked.set()

    ticker = Ticker({"tick": tick}, every=timedelta(hours=1))
    ticker.start(LONG_AGO)
    assert ticked.wait(60)
    ticker.stop()
    assert len(ticks) == 1


def test_a_tick_that_fails_does_not_end_the_schedule() -> None:
    twice = threading.Event()
    ticks: list[int] = []

    def tick() -> None:
        ticks.append(1)
        if len(ticks) > 1:
            twice.set()
        msg = "the disk is full"
        raise OSError(msg)

    ticker = Ticker({"tick": tick}, every=timedelta(milliseconds=20))
    ticker.start(datetime.fromtimestamp(time.time(), UTC))
    assert twice.wait(60)
    ticker.stop()


def test_a_database_that_does_not_answer_is_reported_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ticked = threading.Event()
    refused = sa.exc.OperationalError("", {}, OSError("connection refused"))

    def tick() -> None:
        ticked.set()
        raise refused

    ticker = Ticker({"tick": tick}, every=timedelta(hours=1))
    ticker.start(LONG_AGO)
    assert ticked.wait(60)
    ticker.stop()
    logged = "".join(capsys.readouterr())
    assert "tick failed" in logged
    assert "OperationalError" in logged
    assert "Traceback" not in logged


def test_stopping_waits_for_the_tick_that_runs() -> None:
    began, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def tick() -> None:
        began.set()
        may_end.wait(60)
        ended.set()

    ticker = Ticker({"tick": tick}, every=timedelta(hours=1))
    ticker.start(LONG_AGO)
    assert began.wait(60)
    stopper = threading.Thread(target=ticker.stop)
    stopper.start()
    assert not ended.is_set()
    may_end.set()
    stopper.join(60)
    assert ended.is_set()


def test_a_slow_tick_delays_no_other_one() -> None:
    began, may_end, other = threading.Event(), threading.Event(), threading.Event()

    def slow() -> None:
        began.set()
        may_end.wait(60)

    ticker = Ticker({"slow": slow, "other": other.set}, every=timedelta(hours=1))
    ticker.start(LONG_AGO)
    assert began.wait(60)
    assert other.wait(60)
    may_end.set()
    ticker.stop()
