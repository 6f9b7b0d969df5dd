"""The installed program under a faked system clock, on the nights when New York changes its clocks."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import absent

CONFIGURATION = """
[publication]
name = "Harbor Notes"
url = "http://127.0.0.1:8025"
timezone = "America/New_York"
language = "en"
from = "Harbor Notes <notes@harbor.example>"
postal_address = "3 Quay Street, Harbor"

[sources.desk]
kind = "folder"
path = "articles/"
backfill = 9

[newsletters.spring]
title = "The Gap"
cadence = "2nd sun of mar 02:30"

[newsletters.autumn]
title = "The Fold"
cadence = "1st sun of nov 01:30"
"""
POLICY = """lead = "1h"
approval = "automatic"
undo = "0"
spread = "0"
max_age = "5200w"
"""
NIGHTS = {
    "2026-03-08": (
        ("07:29", 0),  # 03:29 EDT
        ("07:31", 1),  # 03:31 EDT: 02:30 does not exist, so that the slot shifts to 03:30
    ),
    "2026-11-01": (
        ("05:31", 2),  # 01:31 EDT
        ("06:31", 2),  # 01:31 EST: the hour comes again, the issue does not
    ),
}
"""The times in UTC at which cron starts a pass, and how many issues have been sent after it."""


@pytest.fixture
def faketime() -> str:
    """Return the program that fakes the clock of another one."""
    found = shutil.which("faketime")
    if found is None:
        absent("no faketime on the PATH", "REQUIRE_FAKETIME")
    return found


def test_each_slot_of_a_changed_night_is_sent_once(
    faketime: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """Run with a clock that starts at a given time; time that a process waits is not faked."""
    fill(tmp_path)
    surroundings = environment | {"TZ": "UTC", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def run(moment: str, *words: str) -> str:
        command = [faketime, "-f", f"@{moment}:00", sys.executable, "-m", "newsletter"]
        done = subprocess.run(
            [*command, "--dir", str(tmp_path), *words],
            env=surroundings,
            cwd=tmp_path.parent,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    into = [f"--newsletter={newsletter}" for newsletter in ("spring", "autumn")]
    run("2026-03-08 06:30", "subscribers", "import", str(tmp_path / "people.csv"), *into, "--apply")
    for day, passes in NIGHTS.items():
        for clock, expected in passes:
            report = run(f"{day} {clock}", "run")
            sent = [path.name for path in (tmp_path / "outbox").glob("[0-9]*.eml")]
            assert len(sent) == expected, f"{day} {clock}: {sent}\n{report}"
    with closing(sqlite3.connect(tmp_path / "newsletter.db")) as connection:
        issues = connection.execute("SELECT nominal, state FROM issues ORDER BY nominal").fetchall()
    assert issues == [("2026-03-08T02:30", "submitted"), ("2026-11-01T01:30", "submitted")]


def fill(root: Path) -> None:
    """Write a publication with two newsletters and articles that differ."""
    more = CONFIGURATION.replace('cadence = "2nd', f'{POLICY}cadence = "2nd') + POLICY
    (root / "newsletter.toml").write_text(more, encoding="utf-8")
    secrets = f"NEWSLETTER_SECRET_KEY={'k' * 40}\nNEWSLETTER_PEPPER={'p' * 40}\n"
    (root / ".env").write_text(secrets, encoding="utf-8")
    (root / "people.csv").write_text(
        "email,consented_at,source\nann@example.org,2026-01-02,form\n", encoding="utf-8"
    )
    (root / "articles").mkdir()
    text = " ".join(f"The harbor sentence number {number} says something." for number in range(30))
    article = f"About the harbor\n\nBy Ada Keel\n\nMarch 1, 2026\n\n{text}\n"
    (root / "articles" / "harbor.txt").write_text(article, encoding="utf-8")
