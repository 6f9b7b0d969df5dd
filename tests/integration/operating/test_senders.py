"""Sending processes beside `serve`, and alone: killed at any time, they lose and double nothing."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from newsletter import app, settings
from newsletter.app import App
from newsletter.esp.smtp.sender import SmtpSender
from newsletter.model.states import IssueState
from newsletter.send import run, status
from newsletter.store.content import issues
from newsletter.store.sending import batches, deliveries
from tests.fakes.esmtp import Esmtp
from tests.fakes.house import CONFIGURATION, SECRETS
from tests.fakes.issues import NOW, add_issue, add_people, publication
from tests.fakes.schema import add_database
from tests.fakes.sendgrid import Ledger

ROOT = Path(__file__).parents[3]
PEOPLE = 1_000
PATIENCE = 90
"""Seconds until a process that should end, start or send must have done so."""


class Publication:
    """A publication in a folder with a frozen issue for many people, and its server."""

    def __init__(self, folder: Path, server: Esmtp) -> None:
        """Write the files and freeze the issue."""
        self.folder = folder
        self.ledger = Ledger(folder / "ledger")
        secrets = {**SECRETS, "SMTP_URL": server.url}
        (folder / ".env").write_text("".join(f"{key}={value}\n" for key, value in secrets.items()))
        text = CONFIGURATION.format(more="").replace('"outbox"', '"smtp"')
        addresses = f'listen = "127.0.0.1:{free_port()}"\ndesk = "127.0.0.1:{free_port()}"\n'
        (folder / "newsletter.toml").write_text(f"{text}\n[web]\n{addresses}")
        add_database(folder / "newsletter.db")
        self.app: App = app.open_app(settings.load(folder, {}))
        with self.app.engine.begin() as connection:
            add_people(connection, PEOPLE)
            self.issue_id = add_issue(connection)
        route = run.Route(SmtpSender(server.url), self.app.submissions)
        assert run.prepare(self.app.engine, publication(), self.issue_id, route, now=NOW)

    @contextmanager
    def program(self, *words: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run the program in the folder, and kill it in the end."""
        with (
            (self.folder / "log").open("ab") as log,
            subprocess.Popen(
                [sys.executable, "-m", "newsletter", *words],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=subprocess.DEVNULL,
                stderr=log,
            ) as process,
        ):
            yield process
            process.kill()

    def reached(self) -> int:
        """Return how many emails the server has accepted."""
        return sum(self.ledger.copies().values())

    def state(self) -> IssueState:
        """Return the state of the issue."""
        with self.app.reader.connect() as connection:
            return issues.load(connection, self.issue_id).state

    def is_settled(self) -> bool:
        """Return whether only batches that wait for a person are left."""
        with self.app.reader.connect() as connection:
            report = status.of(connection, self.issue_id)
        return not (report.waiting or report.submitting)

    def in_doubt(self) -> set[str]:
        """Return the addresses whose delivery is not settled."""
        with self.app.reader.connect() as connection:
            rows = deliveries.listed(connection, self.issue_id, now=NOW, limit=PEOPLE)
        return {row["address"] for row in rows if row["state"] == "pending"}


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def until(condition: Callable[[], object], what: str) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.02)


def children(pid: int) -> set[int]:
    """Return the ids of the sending processes of a process."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            words = stat.read_text().rpartition(")")[2].split()
            command = (stat.parent / "cmdline").read_bytes()
            if int(words[1]) == pid and b"--beside" in command and words[0] != "Z":
                found.add(int(stat.parent.name))
    return found


def is_alive(pid: int) -> bool:
    """Return whether a process runs."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Publication]:
    """Open a publication whose server answers slowly enough to be interrupted."""
    with Esmtp(["ok"], tmp_path / "ledger", pause=0.01) as server:
        made = Publication(tmp_path, server)
        yield made
        made.app.close()


def require_one_copy_each(office: Publication, most_in_doubt: int) -> None:
    """Check against the server's ledger that no one was lost, and no one got two copies.

    A process that goes on long enough also sends an alert about what is in doubt to the staff.
    """
    mailed = office.ledger.copies()
    copies = {address: mailed[address] for address in mailed if address.startswith("reader")}
    assert set(copies.values()) == {1}
    doubtful = office.in_doubt()
    assert len(doubtful) <= most_in_doubt
    assert len(copies.keys() | doubtful) == PEOPLE


def test_a_killed_sender_is_started_again_and_the_rest_goes_out_once(office: Publication) -> None:
    with office.program("serve", "--senders", "2") as serving:
        until(lambda: len(children(serving.pid)) == 2, "two processes send")
        until(lambda: office.reached() >= 40, "they send")
        before = children(serving.pid)
        killed = min(before)
        os.kill(killed, signal.SIGKILL)
        until(lambda: len(children(serving.pid) - {killed}) == 2, "a new one takes its place")
        assert killed not in children(serving.pid)
        until(office.is_settled, "everything else is sent")
        senders = children(serving.pid)
        serving.terminate()
        assert serving.wait(PATIENCE) == 0
        assert not any(map(is_alive, senders))
    require_one_copy_each(office, most_in_doubt=2)


def test_senders_end_with_the_process_that_started_them(office: Publication) -> None:
    with office.program("serve", "--senders", "2") as serving:
        until(lambda: len(children(serving.pid)) == 2, "two processes send")
        until(lambda: office.reached() >= 20, "they send")
        senders = children(serving.pid)
        serving.kill()
        serving.wait()
        until(lambda: not any(map(is_alive, senders)), "they end")
    assert office.state() is IssueState.SUBMITTING
    sent = office.reached()
    with office.program("worker", "--once") as alone:
        assert alone.wait(PATIENCE) == 0
    assert office.reached() > sent
    assert office.state() is IssueState.SUBMITTED
    require_one_copy_each(office, most_in_doubt=0)


def test_several_workers_share_the_work_and_end_when_it_is_done(office: Publication) -> None:
    with office.program("worker", "--once") as one, office.program("worker", "--once") as other:
        assert (one.wait(PATIENCE), other.wait(PATIENCE)) == (0, 0)
    until(office.is_settled, "everything is sent")
    require_one_copy_each(office, most_in_doubt=0)
    with office.app.reader.connect() as connection:
        sent = batches.of_issue(connection, office.issue_id)
    assert len({batch.owner for batch in sent}) == 2


@pytest.mark.parametrize("number", ["-1", "x", "65", "²"])
def test_a_wrong_number_of_senders_is_refused(office: Publication, number: str) -> None:
    with office.program("serve", f"--senders={number}") as serving:
        assert serving.wait(PATIENCE) == 2
