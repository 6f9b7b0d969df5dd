"""Processes that submit, and die where they are told to: real ones, forked from one that is warm.

    python -m tests.fakes.zygote

reads one JSON order per line, forks a worker for it and prints {"pid": …}; when the worker has
ended it prints {"ended": pid, "status": …, "said": …}. Only this entry can hand a fault point to
the code that sends: nothing in the program itself reads one from outside.
"""

import json
import logging
import os
import select
import signal
import ssl
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import structlog

from newsletter.esp.port import FaultPoint, Sender
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.esp.smtp.sender import SmtpSender, SmtpTimeouts
from newsletter.esp.wire.pool import Patience
from newsletter.send import run
from newsletter.send.courier import Courier
from newsletter.store.database import open_engine, open_reader
from subscribers.tokens import Signer
from tests.fakes.issues import publication

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
    """What one worker shall do; `clock` is a file with seconds to add to the present time.

    `host` is the address of the provider's sink, `deadline` how many seconds one answer may take.
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


def main() -> None:
    """Fork for every order; report every end."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    _tls()
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
                said = Path(tempfile.mkstemp()[1])
                _say({"pid": _fork(Order(**json.loads(line)), said, running)})
        _reap(running)


def _fork(order: Order, said: Path, running: dict[int, Path]) -> int:
    pid = os.fork()
    if pid:
        running[pid] = said
        return pid
    status = 1
    try:
        said.write_text(json.dumps(work(order)), "utf-8")
        status = 0
    except BaseException:  # noqa: BLE001 - a worker reports, whatever broke it
        said.write_text(json.dumps({"broke": traceback.format_exc()}), "utf-8")
    finally:
        os._exit(status)


def _reap(running: dict[int, Path]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        said = running.pop(pid)
        text = said.read_text("utf-8")
        said.unlink()
        _say({"ended": pid, "status": status, "said": json.loads(text) if text else {}})


def _say(what: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def work(order: Order) -> dict[str, Any]:
    """Make one pass as `newsletter run` does: reconcile, submit, reconcile."""
    at = _fault(order)
    engine, reader = open_engine(order.url), open_reader(order.url)
    moment = Path(order.clock)
    courier = Courier(
        senders={order.provider: _sender(order, at)},
        signer=Signer([b"k" * 32]),
        reader=reader,
        clock=lambda: (
            datetime.now(UTC)  # noqa: TID251 - a process of its own
            + timedelta(seconds=float(moment.read_text()))
        ),
        wait=lambda _seconds: None,
        owner=order.owner,
        connections=order.connections,
        at=at,
    )
    present = publication(on_unknown=order.policy)
    run.reconcile(engine, present, courier)
    tally = run.submit(engine, present, courier)
    run.reconcile(engine, present, courier)
    return {"submitted": tally.submitted, "unknown": tally.unknown, "problems": tally.problems}


@cache
def _tls() -> ssl.SSLContext:
    """Return what takes long to make, made before the first fork."""
    return ssl.create_default_context()


def _sender(order: Order, at: FaultPoint) -> Sender:
    if order.provider == "smtp":
        timeouts = SmtpTimeouts(answer=order.deadline, total=10 * order.deadline)
        return SmtpSender(order.host, timeouts=timeouts, tls=_tls(), at=at)
    patience = Patience(connect=1.0, total=order.deadline)
    return SendGridSender("SG.test", order.host, patience=patience, at=at)


def _fault(order: Order) -> FaultPoint:
    """Return the fault point that sends this process the ordered signal at the nth passing."""
    passed = 0

    def at(point: str) -> None:
        nonlocal passed
        if point == order.point:
            passed += 1
            if passed == order.nth:
                os.kill(os.getpid(), order.signal)
                time.sleep(0.3)  # it reaches this thread a moment later: not one step further

    return at


if __name__ == "__main__":
    main()
