"""Drain 150,000 events of SendGrid: alone, and beside another process that sends an issue."""

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
from bench.send import freeze, sink
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.send import run
from newsletter.store.database import open_engine
from newsletter.store.tables import batches, event_bodies
from newsletter.store.tables import events as rows
from tests.fakes.issues import NOW, add_issue, publication
from tests.integration.events.conftest import Desk
from tests.integration.send.conftest import Office

A_REQUEST = 1_000
"""Events in a request of SendGrid, about."""
BATCH = 1_000
ANSWER = 0.3
"""Seconds that the provider takes for each batch."""
SECOND = 2
"""The issue that is sent at the same time."""


def figures(quick: bool) -> Iterator[Figure]:
    """Measure; with `quick`, use fewer events."""
    people = 5_000 if quick else 100_000
    reported = (
        people // 2
    )  # of these, so that the send outlasts the drain on a busy machine as well
    for name in ("alone", "beside a send"):
        with tempfile.TemporaryDirectory() as place:
            frozen = freeze(Path(place) / "frozen.sqlite3", people)
            desk = _desk(frozen, Path(place))
            number = _post(desk, reported)
            if name == "alone":
                seconds, cpu = _drained(desk, number)
            else:
                _freeze_another(desk)
                with _sending(frozen, desk):
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


def _freeze_another(desk: Desk) -> None:
    with desk.office.engine.begin() as connection:
        issue_id = add_issue(connection, number=SECOND)
    sender = SendGridSender("SG.bench")
    run.prepare(desk.office.engine, publication(), issue_id, run.Route(sender), now=NOW)


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
def _sending(path: Path, desk: Desk) -> Iterator[None]:
    """Send another issue in another process, to a provider that takes a while.

    The body runs from the first batch on.
    """
    spawn = get_context("spawn")
    with sink(ANSWER) as host:
        sender = spawn.Process(target=_send, args=(path, host))
        sender.start()
        while sender.is_alive() and not _has_begun(desk):
            time.sleep(0.05)
        try:
            yield
        finally:
            running = sender.is_alive()
            sender.join()
    if sender.exitcode:
        msg = "the sender failed, as with a database that is locked"
        raise AssertionError(msg)
    if not running:
        msg = "the issue was sent before the events were drained"
        raise AssertionError(msg)


def _has_begun(desk: Desk) -> bool:
    begun = sa.select(batches.c.seq).where(batches.c.state != "prepared")
    with desk.office.reader.connect() as connection:
        return connection.scalar(begun.where(batches.c.issue_id == SECOND)) is not None


def _send(path: Path, host: str) -> None:
    office = Office(open_engine(f"sqlite:///{path}"))
    office.use(SendGridSender("SG.bench", host))
    office.submit()
    office.issue_id = SECOND
    if office.told().submitted != office.told().planned:
        raise SystemExit(1)
