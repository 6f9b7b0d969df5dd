"""Drain 300,000 events of SendGrid: alone, and beside another process that writes all the time."""

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path

import sqlalchemy as sa

from bench.figure import Figure
from bench.send import freeze
from newsletter.store.database import open_engine
from newsletter.store.tables import batches, event_bodies, marks
from newsletter.store.tables import events as rows
from tests.fakes.issues import NOW
from tests.integration.events.conftest import Desk
from tests.integration.send.conftest import Office

A_REQUEST = 1_000
"""Events in a request of SendGrid, about."""
BATCH = 1_000


def figures(quick: bool) -> Iterator[Figure]:
    """Measure; with `quick`, use fewer events."""
    people = 5_000 if quick else 100_000
    for name in ("alone", "beside a writer"):
        with tempfile.TemporaryDirectory() as place:
            frozen = freeze(Path(place) / "frozen.sqlite3", people)
            desk = _desk(frozen, Path(place))
            number = _post(desk, people)
            if name == "alone":
                seconds, cpu = _drained(desk, number)
            else:
                with _writing(frozen):
                    seconds, cpu = _drained(desk, number)
            yield Figure(f"drained, {name}", number / seconds, "events/s", "target: 20000")
            yield Figure(f"CPU, {name}", 1e6 * cpu / number, "µs/event")


def _desk(path: Path, folder: Path) -> Desk:
    office = Office(open_engine(f"sqlite:///{path}"))
    office.issue_id = 1
    accepted = batches.update().values(state="accepted", attempt=1, submitted=batches.c.planned)
    with office.engine.begin() as connection:
        connection.execute(accepted)
    return Desk(office, folder)


def _post(desk: Desk, people: int) -> int:
    """Store what SendGrid reports about each recipient, in any order; return how many events."""
    found = [
        desk.event(kind, number, NOW + timedelta(seconds=after), nl_attempt=_attempt(number))
        for number in range(1, people + 1)
        for after, kind in enumerate(("processed", "deferred", "delivered"))
    ]
    random.Random(7).shuffle(found)
    for begin in range(0, len(found), A_REQUEST):
        desk.post(found[begin : begin + A_REQUEST])
    return len(found)


def _attempt(number: int) -> str:
    return f"1.{(number - 1) // BATCH + 1}:1"


def _drained(desk: Desk, number: int) -> tuple[float, float]:
    began, cpu = time.perf_counter(), time.process_time()
    done = desk.drain()
    seconds, used = time.perf_counter() - began, time.process_time() - cpu
    with desk.office.reader.connect() as connection:
        kept = connection.scalar(sa.select(sa.func.count()).select_from(rows))
        left = connection.scalar(sa.select(sa.func.count()).select_from(event_bodies))
    if (done.new, kept, left) != (number, number, 0):
        msg = f"{done.new} new events, {kept} kept, {left} requests left; expected {number}"
        raise AssertionError(msg)
    return seconds, used


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Commit a row again and again in another process, as a worker does that sends."""
    spawn = get_context("spawn")
    stop = spawn.Event()
    writer = spawn.Process(target=_write, args=(path, stop))
    writer.start()
    try:
        yield
    finally:
        stop.set()
        writer.join()
    if writer.exitcode:
        msg = "the writer found the database locked"
        raise AssertionError(msg)


def _write(path: Path, stop: object) -> None:
    engine = open_engine(f"sqlite:///{path}")
    number = 0
    while not stop.is_set():  # type: ignore[attr-defined] # multiprocessing's Event is a function
        number += 1
        with engine.begin() as connection:
            connection.execute(marks.insert().values(name=f"bench {number}", at=number))
        time.sleep(0.005)
    engine.dispose()
