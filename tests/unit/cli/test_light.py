"""A light command imports only what it uses; the rest is imported at its first use."""

import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.fakes.house import SECRETS, house

ROOT = Path(__file__).parents[3]
THIRD_PARTY = {
    "annotated_doc",
    "annotated_types",
    "attr",
    "cython_runtime",
    "dateutil",
    "dotenv",
    "greenlet",
    "orjson",
    "pydantic",
    "pydantic_core",
    "pydantic_settings",
    "pygments",
    "rich",
    "shellingham",
    "sqlalchemy",
    "structlog",
    "typer",
    "typing_extensions",
    "typing_inspection",
}
"""The packages that a light command may import."""
OURS = {
    "alerts",
    "app",
    "cli",
    "clock",
    "dispatch",
    "errors",
    "esp",
    "maintenance",
    "migrations",
    "model",
    "parts",
    "pipeline",
    "send",
    "settings",
    "store",
    "usecases",
}
"""The parts of this program that every light command may import."""
MORE = {"articles": {"collect"}}
"""What a command may import besides; `run` is one with nothing due."""
NOT_EVEN = {"next": {"newsletter.app", "newsletter.pipeline.passes", "newsletter.send.courier"}}
"""What a command does without, although the others need it."""
UNUSED = {"newsletter.send.run", "newsletter.esp.smtp.sender", "subscribers.roster.run"}
"""Expensive modules in a part that every command may import."""
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
    """Fail if the command imported more than the lists above."""
    assert "newsletter.store.tables" in modules
    packages = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    public = {name for name in packages if not name.startswith("_")}
    assert public - {"newsletter", "subscribers"} <= THIRD_PARTY
    ours = {name.split(".")[1] for name in modules if name.startswith("newsletter.")}
    assert ours <= OURS | MORE.get(command, set())
    assert not modules & (UNUSED | NOT_EVEN.get(command, set()))


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


def test_a_pass_with_nothing_due_is_one_read_transaction(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        opened.app.one_pass()
        assert opened.app.one_pass() == []
        counted = {"write": 0, "read": 0}
        for word, engine in (("write", opened.app.engine), ("read", opened.app.reader)):

            def count(_connection: sa.Connection, word: str = word) -> None:
                counted[word] += 1

            sa.event.listen(engine, "begin", count)
        assert opened.app.one_pass() == []
        assert counted == {"write": 0, "read": 1}
