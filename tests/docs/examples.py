"""Read the examples in the documents: fenced blocks, and commands quoted in the text."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs" / "alerts").glob("*.md")),
)

FENCE = re.compile(
    r"^(?P<margin> *)```(?P<language>\S*)\n(?P<text>.*?)^ *```$", re.DOTALL | re.MULTILINE
)
QUOTED = re.compile(r"`(newsletter\s[^`]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its document, first line, language and text without the margin."""

    document: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        """Return a name for the test report."""
        return f"{self.document}:{self.line}"


def blocks(text: str, document: str) -> Iterator[Block]:
    """Yield the fenced blocks of a document."""
    for found in FENCE.finditer(text):
        margin = re.compile(f"^{found['margin']}", re.MULTILINE)
        line = text.count("\n", 0, found.start()) + 1
        yield Block(document, line, found["language"], margin.sub("", found["text"]))


def quoted_commands(text: str, document: str) -> Iterator[Block]:
    """Yield each `newsletter …` command in running text."""
    for found in QUOTED.finditer(FENCE.sub("", text)):
        yield Block(document, 0, "inline", " ".join(found[1].split()))


def all_blocks(language: str) -> list[Block]:
    """Return the blocks of every document that are in this language."""
    found = (block for path in DOCUMENTS for block in blocks(path.read_text("utf-8"), path.name))
    return [block for block in found if block.language == language]


def all_quoted() -> list[Block]:
    """Return the commands that any document quotes in its text."""
    return [
        each for path in DOCUMENTS for each in quoted_commands(path.read_text("utf-8"), path.name)
    ]


def commands(script: str) -> Iterator[list[str]]:
    """Yield the commands of a shell script as words, without comments."""
    for line in script.replace("\\\n", " ").splitlines():
        if words := shlex.split(line, comments=True):
            yield words
