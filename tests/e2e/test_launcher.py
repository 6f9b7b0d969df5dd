"""`make` installs a `newsletter` command that runs the source tree from any folder."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAUNCHER = ROOT / ".venv" / "bin" / "newsletter"


@pytest.fixture(scope="module")
def launcher() -> Path:
    if Path(sys.prefix).resolve() != (ROOT / ".venv").resolve():
        pytest.skip("the tests run in an environment that make did not build")
    subprocess.run(["make", ".venv/bin/newsletter"], cwd=ROOT, check=True, capture_output=True)
    return LAUNCHER


def output(command: Path, folder: Path) -> str:
    done = subprocess.run(
        [command, "--help"], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_the_launcher_works_in_any_folder(launcher: Path, tmp_path: Path) -> None:
    decoy = tmp_path / "newsletter"
    decoy.mkdir()
    (decoy / "__init__.py").write_text("raise SystemExit('imported from the current folder')")
    assert "Usage: newsletter " in output(launcher, tmp_path)


def test_the_launcher_works_through_a_symbolic_link(launcher: Path, tmp_path: Path) -> None:
    link = tmp_path / "letters"
    link.symlink_to(launcher)
    assert "Usage: newsletter " in output(link, tmp_path)
