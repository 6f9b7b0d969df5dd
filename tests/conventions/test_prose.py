"""What people read avoids the words that made earlier versions hard to read."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

AVOIDED = re.compile(
    r"\b(whoever|whomever|whatever|nobody|somebody|meanwhile|anew|of ours|let go of|mails|mailed"
    r"|catalogue|colours?|behaviours?|licence|offences?|recognise[ds]?"
    r"|tells of|stands? (?:in|under|for|beside|here)|is no (?:key|batch|subscriber|decision)"
    r"|good for one|fell silent|without your word|by itself|we hope you|take along"
    r"|erase me|you are erased|have left|where it lies)\b",
    re.IGNORECASE,
)
"""Say "no one", "recipients", "email" or "inbox" instead, use American spelling, drop the idioms."""

SENTENCE_OPENERS = {"newsletter/edit/takeaways.py:meanwhile"}
"""A word that the program looks for in articles, not one that it writes."""

USER_NAME = re.compile(r"`\"?nobody\"?`|\"nobody\"")
"""The name of a system user, quoted as a value."""

NOT_READ = {"CONTEXT.md"}
"""The terms name what to avoid."""


def files(*patterns: str) -> list[Path]:
    """Return the files that the patterns name, in order."""
    found = {path for pattern in patterns for path in ROOT.glob(pattern)}
    return sorted(path for path in found if path.is_file() and path.name not in NOT_READ)


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield what people read in a file, with line numbers: of code, strings of more than a word."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        yield from enumerate(text.splitlines(), 1)
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value


def avoided(path: Path) -> list[str]:
    """Return each avoided word in a file with its place."""
    name = path.relative_to(ROOT)
    return [
        f"{name}:{line} {found[0]!r}"
        for line, text in texts(path)
        for found in AVOIDED.finditer(USER_NAME.sub("", text))
        if f"{name}:{found[0]}" not in SENTENCE_OPENERS
    ]


DOCUMENTS = files("*.md", "docs/**/*.md", "Makefile", "*.toml", ".env.example")
PAGES = files("templates/**/*.j2", "templates/**/*.css", "newsletter/locale/*.po")
CODE = [
    path
    for path in files("newsletter/**/*.py", "subscribers/**/*.py")
    if "versions" not in path.parts  # a released revision is never edited
]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_a_document_avoids_these_words(path: Path) -> None:
    assert not avoided(path)


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_a_template_or_catalog_avoids_these_words(path: Path) -> None:
    assert not avoided(path)


def test_the_strings_and_docstrings_of_the_code_avoid_these_words() -> None:
    assert not [found for path in CODE for found in avoided(path)]


def test_the_rule_catches_a_word() -> None:
    assert AVOIDED.search("Nobody is mailed twice.")
    assert not AVOIDED.search("The body of an email stands alone.")
