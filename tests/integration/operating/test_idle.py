"""A process that serves stays small: it imports little, and collects in another process."""

import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from newsletter import app, settings
from newsletter.cli import apart
from newsletter.collect.report import CollectReport
from newsletter.store.content import articles
from tests.fakes.house import MONDAY, SECRETS, house, lay_out
from tests.integration.operating.test_senders import free_port

ROOT = Path(__file__).parents[3]
HEAVY = (
    "alembic",
    "cryptography",
    "cssutils",
    "feedparser",
    "httpx2",
    "lxml",
    "premailer",
    "requests",
    "sendgrid",
    "sentencex",
    "trafilatura",
)
PATIENCE = 60
IDLE = """
import os, sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from newsletter import app, settings
from newsletter.cli import running
from newsletter.schedule import Ticker
from newsletter.web.main import desk_access, desk_site, public_site
from newsletter.web.serving import serving
opened = app.open_app(settings.load(Path(sys.argv[1]), os.environ))
now = datetime.fromisoformat(sys.argv[2])
opened = replace(opened, now=lambda: now)
public_site(opened)
desk_site(opened, desk_access(opened), print)
print([part() for part in opened.parts().values()])
print("\\nMODULES", *sorted(sys.modules))
"""


def test_serving_with_nothing_due_imports_nothing_heavy(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        opened.app.one_pass()
        assert opened.app.one_pass() == []
    done = subprocess.run(
        [sys.executable, "-c", IDLE, str(tmp_path), opened.at.isoformat()],
        env={**SECRETS, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "MODULES" in done.stdout, done.stderr
    modules = set(done.stdout.rpartition("MODULES ")[2].split())
    assert "uvicorn" in modules
    assert not modules & set(HEAVY)


def test_serve_collects_in_another_process(tmp_path: Path) -> None:
    lay_out(tmp_path)
    (tmp_path / ".env").write_text("".join(f"{key}={value}\n" for key, value in SECRETS.items()))
    listen = f'listen = "127.0.0.1:{free_port()}"\ndesk = "127.0.0.1:{free_port()}"\n'
    configuration = tmp_path / "newsletter.toml"
    without_newsletters = configuration.read_text().partition("[newsletters")[0]  # none is due
    configuration.write_text(f"{without_newsletters}\n[web]\n{listen}")
    opened = app.open_app(settings.load(tmp_path, {}))
    with (
        (tmp_path / "log").open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", "newsletter", "serve"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
        ) as serving,
    ):
        end = time.monotonic() + PATIENCE
        while b"desk: 2 new" not in (tmp_path / "log").read_bytes():
            assert time.monotonic() < end, (tmp_path / "log").read_text()
            time.sleep(0.05)
        mapped = Path(f"/proc/{serving.pid}/maps").read_text()
        serving.terminate()
        assert serving.wait(PATIENCE) == 0
    assert "sqlite" in mapped
    assert "lxml" not in mapped
    with opened.reader.connect() as connection:
        assert len(articles.recent(connection)) == 2
    opened.close()


def test_a_collector_that_fails_is_reported(tmp_path: Path) -> None:
    with house(tmp_path, at=MONDAY) as opened:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        with pytest.raises(apart.CollectorEnded, match="ended with code 2"):
            apart.collect(elsewhere)
        assert opened.issues() == []


def test_ctrl_c_lets_the_collector_report(tmp_path: Path) -> None:
    """The terminal sends it to the whole group of `serve`."""
    lay_out(tmp_path)
    (tmp_path / ".env").write_text("".join(f"{key}={value}\n" for key, value in SECRETS.items()))
    with subprocess.Popen(
        [sys.executable, "-m", "newsletter.cli.apart", "collect"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    ) as collecting:
        while not handles(collecting.pid, signal.SIGTERM):
            assert collecting.poll() is None, "it ended before it handled signals"
            time.sleep(0.001)
        collecting.send_signal(signal.SIGINT)
        collecting.send_signal(signal.SIGTERM)
        report, _ = collecting.communicate(timeout=PATIENCE)
    assert collecting.returncode == 0
    assert isinstance(pickle.loads(report), CollectReport)  # noqa: S301 - `apart` wrote it


def handles(pid: int, number: signal.Signals) -> bool:
    """Return whether a process has a function for a signal."""
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


def test_a_source_is_tested_and_collected_at_once_in_another_process(tmp_path: Path) -> None:
    lay_out(tmp_path)
    (tmp_path / ".env").write_text("".join(f"{key}={value}\n" for key, value in SECRETS.items()))
    assert apart.probe(tmp_path, "desk").found == 2
    report = apart.collect(tmp_path, ["desk"])
    assert [(source.source, source.new) for source in report.sources] == [("desk", 2)]
    with pytest.raises(apart.CollectorEnded):
        apart.collect(tmp_path, ["none"])
