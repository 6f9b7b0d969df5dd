"""Migrations form one chain: each number once, each after the one before."""

import re
from pathlib import Path

VERSIONS = Path(__file__).parents[2] / "newsletter" / "migrations" / "versions"


def test_each_migration_has_its_own_number_and_follows_the_one_before() -> None:
    names = sorted(path.name for path in VERSIONS.glob("[0-9]*_*.py"))
    numbers = [name.partition("_")[0] for name in names]
    assert numbers == [f"{number:04}" for number in range(1, len(names) + 1)]
    for name, number, before in zip(names, numbers, [None, *numbers], strict=False):
        text = (VERSIONS / name).read_text(encoding="utf-8")
        assert re.search(r'^revision = "(\d+)"', text, re.MULTILINE)[1] == number
        if before:
            assert re.search(r'^down_revision = "(\d+)"', text, re.MULTILINE)[1] == before
