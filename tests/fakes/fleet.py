"""A publication on PostgreSQL, and workers of the real program in processes of their own."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import sqlalchemy as sa

from newsletter import app, settings
from newsletter.esp.sendgrid.sender import SendGridSender
from newsletter.model.actor import Actor
from newsletter.model.states import IssueState
from newsletter.send import decisions, evidence, run, status
from newsletter.send.journal import SubmissionJournal
from newsletter.store.content import issues
from newsletter.store.sending import batches, deliveries
from tests.fakes.house import CONFIGURATION, SECRETS
from tests.fakes.issues import NOW, add_issue, add_many, publication
from tests.fakes.memory import MemorySender
from tests.fakes.sendgrid import Ledger

ROOT = Path(__file__).parents[2]
PATIENCE = 120
"""Seconds until something that must happen has happened."""


class Fleet:
    """One publication, one machine's folder, and an issue that goes out through a sink."""

    def __init__(self, engine: sa.Engine, folder: Path, host: str, more: str = "") -> None:
        """Write the files; the database has all tables."""
        self.engine, self.folder = engine, folder
        self.ledger = Ledger(folder / "ledger")
        self.url = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self.people = 0
        self.issue_id = 0
        secrets = {
            **SECRETS,
            "NEWSLETTER_DATABASE_URL": self.url,
            "SENDGRID_API_KEY": "SG.test",
            "SENDGRID_API_HOST": host,
        }
        (folder / ".env").write_text("".join(f"{key}={value}\n" for key, value in secrets.items()))
        text = CONFIGURATION.format(more=more).replace('"outbox"', '"sendgrid"')
        self.page = f"127.0.0.1:{free_port()}"
        text += f'\n[web]\nlisten = "{self.page}"\ndesk = "127.0.0.1:{free_port()}"\n'
        (folder / "newsletter.toml").write_text(text)
        (folder / "articles").mkdir(exist_ok=True)

    def freeze(self, people: int, size: int) -> None:
        """Subscribe people and freeze an issue for them in batches of this size."""
        self.people = people
        with self.engine.begin() as connection:
            add_many(connection, people)
            self.issue_id = add_issue(connection)
        sender = MemorySender(max_batch=size, name="sendgrid")
        route = run.Route(sender, SubmissionJournal(self.folder / "submissions"))
        assert run.prepare(self.engine, publication(), self.issue_id, route, now=NOW)

    @contextmanager
    def opened(self) -> Iterator[app.App]:
        """Open the publication in this process."""
        opened = app.open_app(settings.load(self.folder, {}))
        try:
            yield opened
        finally:
            opened.close()
            provider = opened.senders["sendgrid"]
            if isinstance(provider, SendGridSender):
                provider.close()

    def start(
        self, *words: str, module: str = "newsletter", **environ: str
    ) -> "subprocess.Popen[bytes]":
        """Start the program in the folder; the caller ends it."""
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", module, *words],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environ},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @contextmanager
    def program(self, *words: str, **environ: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run the program in the folder, and kill it in the end."""
        process = self.start(*words, **environ)
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def is_served(self) -> bool:
        """Return whether the public pages are served."""
        host, _, port = self.page.partition(":")
        with suppress(OSError), socket.create_connection((host, int(port)), timeout=5):
            return True
        return False

    def log(self) -> str:
        """Return everything that the programs have written."""
        return (self.folder / "log").read_text(errors="replace")

    def report(self) -> status.IssueStatus:
        """Return the status of the issue as it is reported to people."""
        with self.engine.connect() as connection:
            return status.of(connection, self.issue_id)

    def is_settled(self) -> bool:
        """Return whether only batches that wait for evidence or a person are left."""
        report = self.report()
        return not (report.waiting or report.submitting)

    def state(self) -> IssueState:
        """Return the state of the issue."""
        with self.engine.connect() as connection:
            return issues.load(connection, self.issue_id).state

    def expire_leases(self) -> None:
        """Let the time pass that a lease lasts, for batches whose worker is gone."""
        with self.engine.begin() as connection:
            connection.execute(
                sa.text(
                    "UPDATE batches SET lease_until = now() - interval '1 minute'"
                    " WHERE state = 'submitting'"
                )
            )

    def require_one_copy_each(self) -> int:
        """Check by the ledger that no one got two copies, and that who got none is in doubt.

        Returns the number of recipients in doubt.
        """
        copies = self.ledger.copies()
        twice = [address for address, number in copies.items() if number > 1]
        assert not twice, f"{len(twice)} got two copies"
        with self.engine.connect() as connection:
            rows = deliveries.listed(connection, self.issue_id, now=NOW, limit=self.people + 1)
        doubtful = {row["address"] for row in rows if row["state"] == "pending"}
        lost = {row["address"] for row in rows} - copies.keys() - doubtful
        assert not lost, f"{len(lost)} of {self.people} were lost"
        assert len(rows) == self.people
        return len(doubtful)

    def settle(self) -> None:
        """Apply the provider's events, and submit again what was not accepted."""
        with self.engine.begin() as connection:
            evidence.seen(connection, self.ledger.attempts(), now=NOW)
            for row in batches.waiting(connection):
                decisions.resolve(connection, row.id, "again", actor=Actor.person("ada"), now=NOW)


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def until(condition: Callable[[], object], what: str, seconds: float = PATIENCE) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def entries(engine: sa.Engine) -> Mapping[str, int]:
    """Return how many jobs the engine has in each state."""
    query = "SELECT status::text, count(*) FROM procrastinate.procrastinate_jobs GROUP BY 1"
    with engine.connect() as connection:
        return {row[0]: row[1] for row in connection.exec_driver_sql(query)}


def add_job(engine: sa.Engine, name: str, status: str) -> int:
    """Add a job of a source to the engine's tables, in a state; return its number."""
    with engine.begin() as connection:
        connection.exec_driver_sql("SET LOCAL search_path TO procrastinate")
        query = sa.text(
            "INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args, status)"
            " VALUES ('collect', 'work', :name, CAST(:args AS jsonb),"
            " CAST(:status AS procrastinate_job_status)) RETURNING id"
        )
        args = json.dumps({"kind": "source", "key": name})
        values = {"name": name, "args": args, "status": status}
        return int(connection.execute(query, values).scalar_one())
