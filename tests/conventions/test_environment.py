"""`.env.example` lists exactly the variables that the program reads."""

import re
from pathlib import Path

from newsletter.settings.secrets import Environment

ROOT = Path(__file__).parents[2]


def test_the_example_lists_exactly_the_variables_that_are_read() -> None:
    text = (ROOT / ".env.example").read_text()
    listed = re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE)
    assert set(listed) == {name.upper() for name in Environment.model_fields}


def test_nothing_else_reads_the_environment() -> None:
    """Only the command line and the settings that it loads read variables."""
    readers = {
        str(path.relative_to(ROOT))
        for package in ("newsletter", "subscribers")
        for path in (ROOT / package).rglob("*.py")
        if re.search(r"\bos\.environ\b|\bgetenv\b", path.read_text())
    }
    assert all(path.startswith("newsletter/cli/") for path in readers), readers
