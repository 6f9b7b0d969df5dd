"""`newsletter run` from a crontab: concurrent and repeated passes email each recipient once."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.conftest import Run, Start

SECRETS = f"NEWSLETTER_SECRET_KEY={'k' * 40}\nNEWSLETTER_PEPPER={'p' * 40}\n"


@pytest.fixture
def approved(installed: Path, program: Run, tmp_path: Path) -> Path:
    """Return the folder of a publication whose first issue is approved and due."""
    samples = installed / "newsletter" / "cli" / "samples"
    folder = tmp_path / "publication"
    shutil.copytree(samples, folder)
    (folder / ".env").write_text(SECRETS)
    for command in (
        ("collect",),
        (
            "subscribers",
            "import",
            str(folder / "subscribers.csv"),
            "--newsletter=weekly",
            "--apply",
        ),
        ("draft", "weekly"),
        ("approve", "1"),
    ):
        done = program("--dir", str(folder), *command)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    with closing(sqlite3.connect(folder / "newsletter.db")) as connection, connection:
        connection.execute("UPDATE issues SET due_at = '2026-01-05 00:00:00.000000'")
    return folder


def test_concurrent_passes_email_each_recipient_once(
    approved: Path, start: Start, program: Run
) -> None:
    together = [start("--dir", str(approved), "run") for _ in range(2)]
    output = [running.communicate(timeout=120) for running in together]
    assert {running.returncode for running in together} <= {0, 3}, output
    afterwards = program("--dir", str(approved), "run")
    assert afterwards.returncode in {0, 3}, afterwards

    with closing(sqlite3.connect(approved / "newsletter.db")) as connection:
        query = connection.execute
        assert query("SELECT state FROM issues").fetchall() == [("submitted",)]
        assert query("SELECT DISTINCT state, attempt FROM batches").fetchall() == [("accepted", 1)]
        submitted = query("SELECT sum(submitted) FROM batches").fetchone()
    assert len(list((approved / "outbox").glob("*.eml"))) == submitted[0] >= 8
