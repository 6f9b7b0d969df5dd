"""The wheel installs and works on the newest Python of this computer."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MINORS = range(30, sys.version_info.minor, -1)
"""Minor versions of Python 3 that are newer than the one that runs the tests, the newest first."""
UNAVAILABLE = ("No matching distribution", "Could not find a version")
"""What pip says if the registry cannot be reached, or has no package for this Python."""


def newer_pythons() -> Iterator[str]:
    """Yield the commands that may run a newer Python, the newest first; pyenv hides its own."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in MINORS:
        found = shutil.which(f"python3.{minor}")
        yield from filter(None, [found])
        yield from map(str, sorted(pyenv.glob(f"3.{minor}.*/bin/python3"), reverse=True))


def works(python: str) -> bool:
    return (
        subprocess.run([python, "-c", "import venv"], capture_output=True, check=False).returncode
        == 0
    )


@pytest.mark.torture
def test_the_wheel_works_on_the_newest_python(wheel: Path, tmp_path: Path) -> None:
    python = next(filter(works, newer_pythons()), "")
    if not python:
        pytest.skip(f"no Python newer than 3.{sys.version_info.minor} is installed")
    subprocess.run([python, "-m", "venv", tmp_path / "env"], check=True)
    bin_ = tmp_path / "env" / "bin"
    install = [bin_ / "python", "-m", "pip", "install", "--quiet"]
    locked = ["--require-hashes", "-r", ROOT / "requirements.lock"]
    done = subprocess.run([*install, *locked], capture_output=True, text=True, check=False)
    if any(words in done.stderr for words in UNAVAILABLE):
        pytest.skip(f"the packages for {python} are not available: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr
    subprocess.run([*install, "--no-deps", "--no-index", wheel], check=True)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LC_ALL": "C.UTF-8"}
    for words in (("demo", "--no-serve"), ("--dir", "newsletter-demo", "doctor", "--json")):
        ran = subprocess.run(
            [bin_ / "newsletter", *words],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "Warning" not in ran.stderr, ran.stderr
    assert list((tmp_path / "newsletter-demo" / "outbox").glob("*.eml"))
    sys.stdout.write(f"\n{python}: {len(done.stderr)} characters of warnings, the demo ran\n")
