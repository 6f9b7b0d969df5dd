"""A frozen issue, a misbehaving sink and workers that die, judged by the sink's ledger alone."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, TypedDict

import sqlalchemy as sa
from typing_extensions import Unpack

from newsletter.model.actor import Actor
from newsletter.model.states import IssueState
from newsletter.send import decisions, evidence, run, status
from newsletter.send.journal import SubmissionJournal
from newsletter.store.database import open_engine
from newsletter.store.sending import batches, deliveries
from newsletter.store.tables import issues
from tests.fakes.issues import NOW, add_issue, add_people, publication
from tests.fakes.memory import MemorySender
from tests.fakes.sendgrid import Ledger
from tests.fakes.zygote import EMBEDDED, Order

ROOT = Path(__file__).parent.parent.parent
ENGINE_WORKERS = "procrastinate.procrastinate_workers"
STALE = f"UPDATE {ENGINE_WORKERS} SET last_heartbeat = last_heartbeat - interval '1 hour'"  # noqa: S608 - a constant
SETTLED = {"accepted", "held", "refused"}


class OrderChanges(TypedDict, total=False):
    """The parts of an order that a test may change."""

    owner: str
    point: str
    nth: int
    signal: int
    policy: str
    deadline: float
    connections: int


class Sink(Protocol):
    """A fake provider's server on loopback."""

    provider: str

    @property
    def url(self) -> str:
        """Return the address of the server."""


class Workers:
    """Starts workers in the warm process and waits until they end."""

    def __init__(self) -> None:
        """Start the warm process."""
        self._zygote = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.zygote"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._ended: dict[int, dict[str, Any]] = {}

    def start(self, order: Order) -> int:
        """Fork a worker; return its pid."""
        stdin = self._zygote.stdin
        assert stdin
        stdin.write(json.dumps(asdict(order)) + "\n")
        stdin.flush()
        while "pid" not in (line := self._line()):
            self._ended[line["ended"]] = line
        return int(line["pid"])

    def wait(self, pid: int) -> dict[str, Any]:
        """Return a worker's result and exit status."""
        while pid not in self._ended:
            line = self._line()
            self._ended[line["ended"]] = line
        ended = self._ended.pop(pid)
        assert "error" not in ended["result"], ended["result"]["error"]
        return ended

    def close(self) -> None:
        """End the warm process."""
        assert self._zygote.stdin
        assert self._zygote.stdout
        self._zygote.stdin.close()
        with suppress(ProcessLookupError):
            self._zygote.kill()
        self._zygote.wait()
        self._zygote.stdout.close()

    def _line(self) -> dict[str, Any]:
        assert self._zygote.stdout
        line: dict[str, Any] = json.loads(self._zygote.stdout.readline())
        return line


def let_workers_die(engine: sa.Engine) -> None:
    """Let the time pass after which a worker of the engine without a sign of life is dead."""
    with engine.begin() as connection:
        if connection.scalar(sa.text(f"SELECT to_regclass('{ENGINE_WORKERS}')")):
            connection.exec_driver_sql(STALE)


def warm_workers() -> Iterator[Workers]:
    """Yield the warm process, for use in a fixture."""
    workers = Workers()
    yield workers
    workers.close()


class Scene:
    """One issue that is being sent to `people` recipients in batches of `size`."""

    def __init__(
        self, engine: sa.Engine, folder: Path, workers: Workers, dispatch: str = EMBEDDED
    ) -> None:
        """Use a migrated database and an empty folder."""
        self.dispatch = dispatch
        self.engine = engine
        self.folder = folder
        self.workers = workers
        self.clock = folder / "clock"
        self.clock.write_text("0")
        self.ledger = Ledger(folder / "ledger")
        self.issue_id = 0
        self.people = 0

    def freeze(self, people: int = 30, size: int = 5, provider: str = "sendgrid") -> None:
        """Subscribe people and freeze an issue for them, to be sent through a provider."""
        self.people = people
        with self.engine.begin() as connection:
            add_people(connection, people)
            self.issue_id = add_issue(connection)
        sender = MemorySender(max_batch=size, name=provider)
        route = run.Route(sender, SubmissionJournal(self.folder / "submissions"))
        assert run.prepare(self.engine, publication(), self.issue_id, route, now=NOW)

    def order(self, sink: Sink, **changes: Unpack[OrderChanges]) -> Order:
        """Return an order for a worker that sends this issue."""
        url = self.engine.url.render_as_string(hide_password=False)
        return Order(
            url=url,
            host=sink.url,
            clock=str(self.clock),
            provider=sink.provider,
            dispatch=self.dispatch,
            **changes,
        )

    def later(self, seconds: float) -> None:
        """Advance the clock of every worker, including running ones."""
        self.clock.write_text(str(float(self.clock.read_text()) + seconds))
        if self.dispatch != EMBEDDED:
            let_workers_die(self.engine)

    def crash(self, sink: Sink, point: str) -> None:
        """Run two workers, one of which dies when it passes a point the second time; then recover."""
        doomed = self.workers.start(self.order(sink, owner="doomed", point=point, nth=2))
        other = self.workers.start(self.order(sink, owner="other"))
        ended = self.workers.wait(doomed)
        assert ended["status"] in {0, signal.SIGKILL}, ended
        self.workers.wait(other)
        self.recover(sink)

    def recover(self, sink: Sink, **changes: Unpack[OrderChanges]) -> None:
        """Make later passes as cron does, and resume a paused issue as a person does."""
        changes.setdefault("deadline", 10.0)
        for _ in range(60):
            self.later(1200)
            if self.state() == IssueState.PAUSED:
                with self.engine.begin() as connection:
                    decisions.resume(connection, self.issue_id, actor=Actor.person("ada"), now=NOW)
            self.workers.wait(self.workers.start(self.order(sink, **changes)))
            report = self.report()
            if not (report.waiting or report.submitting or report.unknown):
                return
        message = f"sixty passes did not settle it: {report}"
        raise AssertionError(message)

    def state(self) -> str:
        """Return the issue's state."""
        with self.engine.connect() as connection:
            query = sa.select(issues.c.state).where(issues.c.id == self.issue_id)
            return str(connection.scalar(query))

    def report(self) -> status.IssueStatus:
        """Return the status of the issue as it is reported to people."""
        with self.engine.connect() as connection:
            return status.of(connection, self.issue_id)

    def by_address(self) -> dict[str, str]:
        """Return each recipient's reported state: the batch's state while a delivery is pending."""
        with self.engine.connect() as connection:
            rows = deliveries.listed(connection, self.issue_id, now=NOW, limit=2_000_000)
        return {
            row["address"]: row["batch_state"] if row["state"] == "pending" else row["state"]
            for row in rows
        }

    def judge_hold(self) -> None:
        """Check that no one got two copies, unreached recipients are shown, and the counts agree."""
        copies, shown = self.ledger.copies(), self.by_address()
        assert not [address for address, number in copies.items() if number > 1]
        assert len(shown) == self.people
        assert set(shown.values()) <= {"submitted", "held", "refused"}
        for address, state in shown.items():
            assert not (state == "submitted" and not copies[address]), f"{address} was not reached"
            assert not (state == "refused" and copies[address]), f"{address} was reached"
        report = self.report()
        counted = Counter(shown.values())
        assert (report.submitted, report.held, report.refused) == (
            counted["submitted"],
            counted["held"],
            counted["refused"],
        )
        assert report.planned == self.people
        assert (report.state == "submitted") == (not report.held)

    def settle_by_evidence(self) -> None:
        """Apply the provider's events: accepted batches are no longer held."""
        with self.engine.begin() as connection:
            evidence.seen(connection, self.ledger.attempts(), now=NOW)
        copies = self.ledger.copies()
        for address, state in self.by_address().items():
            assert (state == "submitted") == bool(copies[address]), (address, state)

    def settle_by_log(self) -> set[str]:
        """Have a person look up each held batch in the server's log, because SMTP has no events.

        A batch with a recipient in the log is declared accepted. Returns the addresses that get no
        email as a result: the rest of a batch during which the worker died.
        """
        logged = {delivery for line in self.ledger.requests() for _to, delivery in line["to"]}
        missed = set()
        with self.engine.begin() as connection:
            rows = deliveries.listed(connection, self.issue_id, now=NOW, limit=2_000_000)
            pending = [row for row in rows if row["state"] == "pending"]
            known = {row["batch"] for row in pending if f"{self.issue_id}-{row['seq']}" in logged}
            for batch in known:
                name = f"{self.issue_id}.{batch}"
                decisions.resolve(connection, name, "accepted", actor=Actor.person("ada"), now=NOW)
            for row in pending:
                if row["batch"] in known and f"{self.issue_id}-{row['seq']}" not in logged:
                    missed.add(row["address"])
        return missed

    def resolve_rest(self, sink: Sink, missed: AbstractSet[str] = frozenset()) -> None:
        """Have a person resubmit what is still held. Then every other recipient has one copy."""
        with self.engine.begin() as connection:
            for row in batches.waiting(connection):
                decisions.resolve(connection, row.id, "again", actor=Actor.person("ada"), now=NOW)
        self.later(0)
        self.workers.wait(self.workers.start(self.order(sink, deadline=10.0)))
        copies = self.ledger.copies()
        shown = self.by_address()
        refused = {address for address, state in shown.items() if state == "refused"}
        assert set(copies.values()) == {1}
        assert len(copies) + len(refused) == self.people - len(missed)
        assert not missed & copies.keys()
        report = self.report()
        assert report.state == IssueState.SUBMITTED, report


@dataclass(frozen=True)
class Frozen:
    """An SQLite file with a frozen issue for `people` recipients, to copy."""

    path: Path
    people: int

    @contextmanager
    def copied(self, folder: Path, workers: Workers) -> Iterator[Scene]:
        """Open a copy in a folder."""
        path = folder / "newsletter.sqlite3"
        shutil.copyfile(self.path, path)
        engine = open_engine(f"sqlite:///{path}")
        made = Scene(engine, folder, workers)
        made.issue_id, made.people = 1, self.people
        try:
            yield made
        finally:
            engine.dispose()


def freeze_file(
    migrated: Path,
    folder: Path,
    workers: Workers,
    *,
    people: int = 30,
    size: int = 5,
    provider: str = "sendgrid",
) -> Frozen:
    """Freeze an issue in a copy of a migrated file."""
    path = folder / "frozen.sqlite3"
    shutil.copyfile(migrated, path)
    engine = open_engine(f"sqlite:///{path}")
    Scene(engine, folder, workers).freeze(people, size, provider)
    with engine.connect() as connection:
        connection.exec_driver_sql("select 1")
    engine.dispose()
    return Frozen(path, people)


def until_stopped(pid: int) -> None:
    """Wait until a worker has stopped at its fault point."""
    deadline = time.monotonic() + 60
    while _state(pid) != "T":
        assert time.monotonic() < deadline, "the worker did not reach its fault point"
        time.sleep(0.005)


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
