"""A light command imports only what it uses; the rest is imported at its first use."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.house import SECRETS, house

ROOT = Path(__file__).parents[3]
HEAVY = (
    "alembic",
    "apscheduler",
    "babel",
    "cssutils",
    "fastapi",
    "feedparser",
    "httpcore2",
    "httpx2",
    "jinja2",
    "lxml",
    "markdown_it",
    "premailer",
    "requests",
    "sendgrid",
    "sentencex",
    "starlette",
    "trafilatura",
    "uvicorn",
)
OURS = {
    "next": {"edit", "render", "web"},
    "issues": {"edit", "render", "web"},
    "articles": {"edit", "render", "web", "fetch"},
    "segment": {"collect", "edit", "render", "web", "fetch"},
    "run": {"collect", "edit", "render", "web", "fetch"},
}
"""The packages that each light command does without; `run` is one with nothing due."""
COMMAND = """
import sys
from newsletter.cli.main import program
program(sys.argv[1:], standalone_mode=False)
print("\\nMODULES", *sorted(sys.modules))
"""
IDLE = """
import os, sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from newsletter import app, settings
from newsletter.cli import running
opened = app.open_app(settings.load(Path(sys.argv[1]), os.environ))
now = datetime.fromisoformat(sys.argv[2])
print(replace(opened, now=lambda: now).one_pass())
print("\\nMODULES", *sorted(sys.modules))
"""


def imported(script: str, *words: str) -> set[str]:
    """Return the modules that a script has imported when it ends."""
    done = subprocess.run(
        [sys.executable, "-c", script, *words],
        env={**SECRETS, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "MODULES" in done.stdout, done.stderr
    return set(done.stdout.rpartition("MODULES ")[2].split())


def require_light(modules: set[str], command: str) -> None:
    """Fail if the command imported what it does without."""
    assert "newsletter.store.tables" in modules
    assert not modules & set(HEAVY)
    packages = {name.split(".")[1] for name in modules if name.startswith("newsletter.")}
    assert not packages & OURS[command]


@pytest.mark.parametrize("command", ["next", "issues", "articles", "segment"])
def test_a_light_command_imports_only_what_it_uses(tmp_path: Path, command: str) -> None:
    with house(tmp_path):
        pass
    words = [command, *(["everyone"] if command == "segment" else [])]
    require_light(imported(COMMAND, "--dir", str(tmp_path), *words), command)


def test_a_pass_with_nothing_due_imports_only_what_it_uses(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        opened.app.one_pass()
        assert opened.app.one_pass() == []
        now = opened.at.isoformat()
    require_light(imported(IDLE, str(tmp_path), now), "run")
