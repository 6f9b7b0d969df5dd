"""The line of docs/deploy/crontab, run by cron itself, from a virtual environment with only the wheel.

It writes to /etc/cron.d, so that it runs only where REQUIRE_CRON=1 says that it may.
"""

import os
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import sysconfig
import time
import venv
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "deploy" / "crontab"
COMMAND, FOLDER = "/usr/local/bin/newsletter", "/srv/newsletter"
SPEED = 120
"""So many seconds of cron's clock pass in one."""


@pytest.fixture(scope="module")
def command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into a new environment; the locked packages are those of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    target = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install"]
    subprocess.run(
        [*pip, "--quiet", "--no-deps", "--no-index", str(wheel)], check=True, capture_output=True
    )
    # After the wheel's folder, and never the source tree: a path file there could name it.
    packages = [path for path in sys.path if path.endswith("site-packages")]
    (target / "locked.pth").write_text("\n".join(packages), encoding="utf-8")
    return folder / "bin" / "newsletter"


def test_the_wheel_works_in_a_new_environment(command: Path, tmp_path: Path) -> None:
    shown = subprocess.run(
        [command, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert re.fullmatch(r"\S*\s*\d+\.\d+\S*\n", shown.stdout)
    made = subprocess.run(
        [command, "demo", "--no-serve", "--dir", str(tmp_path / "demo")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    assert list((tmp_path / "demo" / "outbox").glob("*.eml"))


@contextmanager
def cron(line: str) -> Iterator[None]:
    """Run cron with one more line and a fast clock; its jobs have the real time."""
    table = Path("/etc/cron.d") / f"newsletter-test-{os.getpid()}"
    table.write_text(f"{line}\n", encoding="utf-8")
    table.chmod(0o644)
    faketime = shutil.which("faketime")
    assert faketime, "faketime is missing"
    running = subprocess.Popen(
        [faketime, "-f", f"+0 x{SPEED}", "/usr/sbin/cron", "-f"], start_new_session=True
    )
    try:
        yield
    finally:
        os.killpg(running.pid, signal.SIGTERM)  # faketime does not pass the signal on
        running.wait(timeout=30)
        table.unlink()


@pytest.mark.skipif(os.environ.get("REQUIRE_CRON") != "1", reason="set REQUIRE_CRON=1 as root")
def test_cron_makes_a_pass(command: Path, tmp_path: Path) -> None:
    (line,) = (line for line in EXAMPLE.read_text("utf-8").splitlines() if line and line[0] != "#")
    assert COMMAND in line
    line = line.replace(COMMAND, shlex.quote(str(command))).replace(FOLDER, str(tmp_path))
    found = re.fullmatch(r"((?:\S+ ){5})(.+)", line)
    assert found
    when, words = found.groups()
    shutil.copytree(ROOT / "newsletter" / "cli" / "samples", tmp_path, dirs_exist_ok=True)
    secrets = f"NEWSLETTER_SECRET_KEY={'k' * 40}\nNEWSLETTER_PEPPER={'p' * 40}\n"
    (tmp_path / ".env").write_text(secrets, encoding="utf-8")
    with cron(f"{when}root {words}"):
        until_recorded(tmp_path)
    report = (tmp_path / "run.log").read_text("utf-8")
    assert "collect" in report


def until_recorded(folder: Path) -> None:
    """Wait until a pass has recorded its report."""
    deadline = time.monotonic() + 180
    while True:
        assert time.monotonic() < deadline, "cron made no pass"
        time.sleep(0.2)
        if not (folder / "newsletter.db").exists():
            continue
        with closing(sqlite3.connect(folder / "newsletter.db")) as connection:
            try:
                if connection.execute("SELECT count(*) FROM passes").fetchone() != (0,):
                    return
            except sqlite3.OperationalError:
                continue  # the tables are being created
