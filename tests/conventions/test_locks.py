"""Each lock pins every package with hashes and names no host, path or machine."""

import re
import subprocess
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-bench.lock")
PINNED = re.compile(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;]+)")


def pins(name: str) -> dict[str, str]:
    """Return the packages of a lock with their versions; require a hash for each."""
    found: dict[str, str] = {}
    for entry in re.split(r"\n(?=\S)", (ROOT / name).read_text()):
        if entry.startswith("#"):
            continue
        pinned = PINNED.match(entry)
        assert pinned, f"not a pin: {entry[:80]}"
        assert "--hash=sha256:" in entry, f"no hash: {entry[:80]}"
        found[canonicalize_name(pinned[1])] = pinned[2]
    return found


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_host_and_no_path(name: str) -> None:
    text = (ROOT / name).read_text()
    assert not re.search(r"https?:|file:|--(extra-)?index-url|--find-links|(^|\s)/\w", text)


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("requirements.lock", project()["project"]["dependencies"]),
        ("requirements-dev.lock", project()["dependency-groups"]["dev"]),
        ("requirements.lock", project()["project"]["optional-dependencies"]["postgres"]),
        ("requirements-bench.lock", project()["dependency-groups"]["bench"][1:]),
    ],
)
def test_a_lock_contains_what_the_project_requires(name: str, required: list[str]) -> None:
    """Catches a forgotten `make lock` without a network."""
    pinned = pins(name)
    for text in required:
        requirement = Requirement(text)
        version = pinned.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not locked; run `make lock`"
        assert requirement.specifier.contains(version), f"{text} is locked at {version}"


@pytest.mark.parametrize(("smaller", "larger"), list(pairwise(LOCKS)))
def test_each_lock_contains_the_smaller_one(smaller: str, larger: str) -> None:
    assert pins(smaller).items() <= pins(larger).items()


def test_no_lock_of_another_kind_is_committed() -> None:
    files = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    assert not {"uv.lock", "pylock.toml", "poetry.lock"} & {
        Path(name).name for name in files.splitlines()
    }
