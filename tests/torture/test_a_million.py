"""Send to a million recipients with `newsletter run` as cron does, killed in the middle."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from newsletter.migrations import upgrade
from newsletter.send import evidence
from newsletter.store.database import open_engine
from newsletter.store.sending import deliveries
from newsletter.store.tables import batches
from tests.conftest import ROOT
from tests.fakes.house import CONFIGURATION, SECRETS
from tests.fakes.issues import NOW, add_issue, add_many
from tests.fakes.sendgrid import SendGrid

pytestmark = pytest.mark.torture

MILLION = int(os.environ.get("TORTURE_PEOPLE", "1000000"))
MAX_IN_DOUBT = 8_000
"""One batch of a thousand for each of the eight connections to SendGrid."""


class Crontab:
    """A publication that cron runs, and the provider that it sends through."""

    def __init__(self, root: Path, sink: SendGrid) -> None:
        """Set up a folder with one approved, due issue for a million people."""
        self.root = root
        self.ledger = sink.ledger
        made = CONFIGURATION.format(more="").replace('"outbox"', '"sendgrid"')
        (root / "newsletter.toml").write_text(made, encoding="utf-8")
        (root / "articles").mkdir()
        self.environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            **SECRETS,
            "SENDGRID_API_KEY": "SG.torture",
            "SENDGRID_API_HOST": sink.url,
            "PYTHONPATH": str(ROOT),
        }
        self.engine = open_engine(f"sqlite:///{root / 'newsletter.db'}")
        upgrade(self.engine)
        with self.engine.begin() as connection:
            add_many(connection, MILLION)
            add_issue(connection, size=30_000)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start the program."""
        return subprocess.Popen(
            [sys.executable, "-m", "newsletter", "--dir", str(self.root), *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self) -> tuple[int, str]:
        """Make a pass and return its exit code and report."""
        with self.start("run") as running:
            out, err = running.communicate(timeout=600)
        assert "Traceback" not in err, err
        return running.returncode, out

    def status(self) -> dict[str, Any]:
        """Return the issue as `issues show --json` prints it."""
        with self.start("issues", "show", "1", "--json") as running:
            out, err = running.communicate(timeout=60)
        assert running.returncode == 0, err
        return dict(json.loads(out))

    def age(self, column: sa.Column[Any]) -> None:
        """Move a time that the program compares with its clock one hour into the past."""
        with self.engine.begin() as connection:
            for row in connection.execute(sa.select(batches).where(column.is_not(None))).mappings():
                here = (batches.c.issue_id == row["issue_id"], batches.c.seq == row["seq"])
                earlier = {column.name: row[column.name] - timedelta(hours=1)}
                connection.execute(batches.update().where(*here).values(earlier))

    def states(self) -> dict[str, str]:
        """Return each recipient's state as `issues show --recipients` shows it."""
        with self.engine.connect() as connection:
            rows = deliveries.listed(connection, 1, now=NOW, limit=MILLION + 1)
        return {
            row["address"]: row["batch_state"] if row["state"] == "pending" else row["state"]
            for row in rows
        }


@pytest.fixture
def crontab(tmp_path: Path) -> Iterator[Crontab]:
    with SendGrid(tmp_path / "ledger") as sink:
        sink.keep = False
        made = Crontab(tmp_path, sink)
        yield made
        made.engine.dispose()


def test_a_million_recipients_and_a_kill_in_the_middle(
    crontab: Crontab, capsys: pytest.CaptureFixture[str]
) -> None:
    _kill_in_the_middle(crontab)
    shown = crontab.status()
    reached = len(crontab.ledger.copies())
    assert shown["planned"] == MILLION
    assert shown["submitted"] + shown["submitting"] + shown["waiting"] == MILLION
    assert shown["submitted"] <= reached <= shown["submitted"] + shown["submitting"]
    assert 0 < shown["submitting"] <= MAX_IN_DOUBT

    began = time.monotonic()
    crontab.run()
    took = time.monotonic() - began
    crontab.age(batches.c.lease_until)
    crontab.run()
    crontab.age(batches.c.unknown_at)
    code, report = crontab.run()
    assert code == 3, report
    shown = crontab.status()
    copies = crontab.ledger.copies()
    assert max(copies.values()) == 1
    assert shown["submitted"] + shown["held"] == MILLION
    for address, state in crontab.states().items():
        assert state in {"submitted", "held"}
        assert copies[address] == 1 or state == "held", f"{address} was not reached"

    with crontab.engine.begin() as connection:
        evidence.seen(connection, crontab.ledger.attempts(), now=NOW)
    states = crontab.states()
    for address, state in states.items():
        assert (state == "submitted") == bool(copies[address]), address
    with capsys.disabled():
        not_reached = sum(not copies[address] for address in states)
        message = f"{reached:,} reached when killed, the rest in {took:.1f} s"
        message += (
            f"; {shown['held']:,} held, {not_reached:,} of them not reached; no recipient twice"
        )
        sys.stdout.write(f"\n{MILLION:,} recipients through `newsletter run`: {message}\n")


def _kill_in_the_middle(crontab: Crontab) -> None:
    with crontab.start("run") as running:
        half = MILLION // 2000
        deadline = time.monotonic() + 300
        while _lines(crontab.ledger.path) < half:
            assert time.monotonic() < deadline, "the pass did not reach the middle"
            assert running.poll() is None, running.communicate()
            time.sleep(0.1)
        os.kill(running.pid, signal.SIGKILL)


def _lines(path: Path) -> int:
    """Count the requests in a ledger."""
    return path.read_bytes().count(b"\n") if path.exists() else 0
