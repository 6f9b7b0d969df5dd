"""Every phrase of the program has a translation in each catalog of phrases, and none is unused."""

import ast
import re
import string
from enum import StrEnum
from pathlib import Path

import pytest

from newsletter.model.act import ActKind, EditKind
from newsletter.model.actor import Role
from newsletter.model.issue import CORRECTABLE, IssueKind
from newsletter.model.states import BatchState, IssueState
from newsletter.render.catalog import Catalog, open_catalogs
from newsletter.render.checks.accessibility import RULES

ROOT = Path(__file__).parents[2]
TRANSLATED = [
    catalog for catalog in open_catalogs(None).by_language.values() if catalog.language != "en"
]
KINDS: tuple[type[StrEnum], ...] = (ActKind, EditKind, IssueKind, IssueState, BatchState)
WORDS = frozenset(
    {
        *(kind.value for kinds in KINDS for kind in kinds),
        *CORRECTABLE,
        *RULES,
        *(role.name.lower() for role in Role),
        "claimed",
        "missed",
    }
) - {EditKind.UNPARSED.value}
"""Words that a page shows as phrases, or that are values of phrases."""


def patterns() -> set[str]:
    """Return the pattern of every phrase in the code."""
    found = set[str]()
    for package in ("newsletter", "subscribers"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                match node:
                    case ast.Call(func=ast.Name("Phrase"), args=[ast.Constant(str(pattern))]):
                        found.add(pattern)
    return {pattern for pattern in found if re.sub(r"\{\w+\}", "", pattern).strip(" ():;./")}


def names(pattern: str) -> set[str]:
    """Return the {names} in a pattern."""
    return {name for _text, name, _spec, _ in string.Formatter().parse(pattern) if name}


@pytest.mark.parametrize("catalog", TRANSLATED, ids=lambda catalog: str(catalog.language))
def test_every_phrase_is_translated_and_no_translation_is_unused(catalog: Catalog) -> None:
    assert len(patterns()) > 300
    assert not patterns() - set(catalog.phrases)
    assert not set(catalog.phrases) - patterns() - WORDS
    assert not WORDS - set(catalog.phrases)


@pytest.mark.parametrize("catalog", TRANSLATED, ids=lambda catalog: str(catalog.language))
def test_a_translated_phrase_has_the_names_of_the_english_one(catalog: Catalog) -> None:
    different = {
        pattern for pattern, text in catalog.phrases.items() if names(pattern) != names(text)
    }
    assert not different
