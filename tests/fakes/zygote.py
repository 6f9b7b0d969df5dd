"""Real worker processes that submit and die at a chosen point, forked from one warm process.

    python -m tests.fakes.zygote

reads one JSON order per line, forks a worker for it and prints {"pid": …}. When the worker has
ended, it prints {"ended": pid, "status": …, "result": …}. Only this entry point can pass a fault
point to the sending code: nothing in the program itself reads one from outside.
"""

import json
import logging
import os
import select
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import structlog

from newsletter.esp.port import FaultPoint, Sender
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.esp.smtp.sender import SmtpSender, SmtpTimeouts
from newsletter.esp.wire.pool import Patience
from newsletter.model.publication import Publication, SmtpUse
from newsletter.send import run
from newsletter.send.courier import Courier
from newsletter.send.journal import SubmissionJournal
from newsletter.send.pacing import Pacing
from newsletter.send.worker import Tally
from newsletter.store.database import open_engine, open_reader
from subscribers.tokens import Signer
from tests.fakes.issues import publication

EMBEDDED, ENGINE = "embedded", "procrastinate"
Submit = Callable[[sa.Engine, Publication, Courier], Tally]
POINTS = (
    "after_claim_commit",
    "before_send",
    "mid_body",
    "after_send",
    "after_response",
    "after_commit",
)


@dataclass(frozen=True)
class Order:
    """What one worker does. `clock` is a file with the seconds to add to the current time.

    `host` is the address of the provider's sink, `deadline` the seconds that an answer may take.
    With another `dispatch`, the connections are jobs of the engine.
    """

    url: str
    host: str
    clock: str
    provider: str = "sendgrid"
    owner: str = "worker"
    point: str = ""
    nth: int = 1
    signal: int = signal.SIGKILL
    policy: str = "hold"
    deadline: float = 0.4
    connections: int = 1
    dispatch: str = EMBEDDED


def main() -> None:
    """Fork a worker for each order and report when it ends."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    running: dict[int, Path] = {}
    orders = sys.stdin.fileno()
    pending = b""
    while True:
        ready, _, _ = select.select([orders], [], [], 0.005)
        if ready:
            read = os.read(orders, 65536)
            if not read and not running:
                return
            *lines, pending = (pending + read).split(b"\n")
            for line in lines:
                path = Path(tempfile.mkstemp()[1])
                _print({"pid": _fork(Order(**json.loads(line)), path, running)})
        _reap(running)


def _fork(order: Order, path: Path, running: dict[int, Path]) -> int:
    if order.dispatch != EMBEDDED:
        _in_jobs()  # once for all processes
    pid = os.fork()
    if pid:
        running[pid] = path
        return pid
    status = 1
    try:
        path.write_text(json.dumps(work(order)), "utf-8")
        status = 0
    except BaseException:  # noqa: BLE001 - the test reports every error
        path.write_text(json.dumps({"error": traceback.format_exc()}), "utf-8")
    finally:
        os._exit(status)


def _reap(running: dict[int, Path]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        path = running.pop(pid)
        text = path.read_text("utf-8")
        path.unlink()
        _print({"ended": pid, "status": status, "result": json.loads(text) if text else {}})


def _print(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def work(order: Order) -> dict[str, Any]:
    """Make the sending part of a pass as `newsletter run` does: reconcile, submit, reconcile."""
    at = _fault(order)
    engine, reader = open_engine(order.url), open_reader(order.url)
    moment = Path(order.clock)
    journal = SubmissionJournal(moment.parent / "submissions")
    courier = Courier(
        senders={order.provider: _sender(order, at)},
        signer=Signer([b"k" * 32]),
        reader=reader,
        clock=lambda: (
            datetime.now(UTC)  # noqa: TID251 - a separate process
            + timedelta(seconds=float(moment.read_text()))
        ),
        wait=lambda _seconds: None,
        owner=journal.owner(order.owner, lambda: "0123456789ab"),
        connections=order.connections,
        at=at,
        journal=journal,
        pacing=Pacing.of(order.host if order.provider == "smtp" else "", SmtpUse()),
    )
    present = publication(on_unknown=order.policy)
    run.reconcile(engine, present, courier)
    submit = run.submit if order.dispatch == EMBEDDED else _in_jobs()
    tally = submit(engine, present, courier)
    run.reconcile(engine, present, courier)
    return {"submitted": tally.submitted, "unknown": tally.unknown, "problems": tally.problems}


def _in_jobs() -> Submit:
    """Return what submits through the engine, which takes a while to import."""
    module: Any = import_module("tests.fakes.engine")
    submit: Submit = module.submit_in_jobs
    return submit


def _sender(order: Order, at: FaultPoint) -> Sender:
    if order.provider == "smtp":
        timeouts = SmtpTimeouts(answer=order.deadline, total=10 * order.deadline)
        return SmtpSender(order.host, timeouts=timeouts, at=at)
    patience = Patience(connect=1.0, total=order.deadline)
    return SendGridSender("SG.test", order.host, patience=patience, at=at)


def _fault(order: Order) -> FaultPoint:
    """Return the fault point that signals this process when it is passed for the nth time."""
    passed = 0

    def at(point: str) -> None:
        nonlocal passed
        if point == order.point:
            passed += 1
            if passed == order.nth:
                os.kill(os.getpid(), order.signal)
                time.sleep(0.3)  # the signal arrives a moment later; do not go one step further

    return at


if __name__ == "__main__":
    main()
