"""The commands that the demo suggests can be pasted into the same shell."""

import sys
from pathlib import Path

import pytest

from newsletter.cli.demo_report import invocation


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pretend that the program runs with `-m` from an environment in the current folder."""
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.setattr(sys, "argv", ["newsletter/__main__.py"])
    monkeypatch.setattr(sys, "executable", str(programs / "python"))
    return programs


def install_launcher(programs: Path) -> None:
    launcher = programs / "newsletter"
    launcher.touch()
    launcher.chmod(0o755)


def test_without_a_launcher_the_module_is_named(environment: Path, tmp_path: Path) -> None:
    expected = f"{environment}/python -m newsletter --dir demo"
    assert invocation(tmp_path / "demo") == expected


def test_a_launcher_is_named_from_the_current_folder(environment: Path, tmp_path: Path) -> None:
    install_launcher(environment)
    assert invocation(tmp_path / "demo") == ".venv/bin/newsletter --dir demo"


def test_a_launcher_on_the_path_needs_no_folder(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_launcher(environment)
    monkeypatch.setenv("PATH", str(environment))
    assert invocation(tmp_path / "demo") == "newsletter --dir demo"
