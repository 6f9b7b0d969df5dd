"""Each guarantee of the threat model names the tests that protect it, and they exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
SECTION = TEXT.partition("## Guarantees\n")[2].partition("\n## ")[0]
GUARANTEES = dict(
    re.findall(r"^\*\*([^*]+)\.\*\* (.+?)(?=^\*\*|\Z)", SECTION, re.MULTILINE | re.DOTALL)
)
NAMED = re.compile(r"`(tests/[\w/]+\.py)`")


def test_the_guarantees_are_found() -> None:
    assert len(GUARANTEES) == SECTION.count("\n**") > 20


@pytest.mark.parametrize("name", GUARANTEES)
def test_a_guarantee_names_tests_that_exist(name: str) -> None:
    named = NAMED.findall(GUARANTEES[name])
    assert named
    for path in named:
        assert re.search(r"^def test_", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), (
            path
        )


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(tests/[^`]+)`", TEXT))))
def test_every_path_in_the_text_exists(path: str) -> None:
    assert (ROOT / path).exists()
