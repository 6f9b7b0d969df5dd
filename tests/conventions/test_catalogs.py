"""The catalogs of this program are complete, in use, and agree with each other."""

import ast
import re
from pathlib import Path

import pytest

from newsletter.model.reason import Reason
from newsletter.model.receipt import Receipt
from newsletter.render.catalog import Catalog, open_catalogs, placeholders
from newsletter.render.templates import template_root

ROOT = Path(__file__).parents[2]
CATALOGS = open_catalogs(None)
ENGLISH = CATALOGS.of("en")
LANGUAGES = [CATALOGS.of(language) for language in CATALOGS.languages]
SECTIONS = {key.partition(".")[0] for key in ENGLISH.texts}
CALL = re.compile(r"""\b(?:text|count)\(["']([^"']+)["']""")
QUOTED = re.compile(r"""["']([a-z0-9_]+(?:\.[a-z0-9_]+)+)["']""")
SUFFIXES = ("css", "eml", "html", "j2", "jsonl", "po", "py", "toml", "txt")


def templates() -> list[Path]:
    return sorted(template_root().rglob("*.j2"))


def literals(tree: ast.Module) -> set[str]:
    """Every string in a module that has the form of a key; an f-string as its fixed parts."""
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def named_in_code() -> set[str]:
    """Keys that code names: as a literal, by a reason, or as the parts of a message."""
    found: set[str] = {reason.key for reason in (*Reason, *Receipt)}
    for path in sorted((ROOT / "newsletter").rglob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        found |= {text for text in literals(tree) if QUOTED.fullmatch(f'"{text}"')}
        if path.parent.name == "public":
            for name in literals(tree):
                found |= {f"message.{name}.title", f"message.{name}.text"} & set(ENGLISH.texts)
    return {
        key
        for key in found
        if key.partition(".")[0] in SECTIONS and not key.endswith(tuple(f".{s}" for s in SUFFIXES))
    }


def named_in_templates() -> set[str]:
    found = set[str]()
    for path in templates():
        found |= set(CALL.findall(path.read_text("utf-8")))
    return found


EXTRA = {"message.signed_up.spam"}
"""Keys that code builds from more than one part."""


def test_every_key_that_a_template_names_is_in_every_catalog() -> None:
    assert len(named_in_templates()) > 80
    for catalog in LANGUAGES:
        assert not named_in_templates() - set(catalog.texts), catalog.language


def test_every_key_that_code_names_is_in_every_catalog() -> None:
    assert len(named_in_code()) > 60
    for catalog in LANGUAGES:
        assert not named_in_code() - set(catalog.texts), catalog.language


def test_no_key_is_unused() -> None:
    quoted = set[str]()
    for path in templates():
        quoted |= set(QUOTED.findall(path.read_text("utf-8")))
    assert not set(ENGLISH.texts) - named_in_code() - quoted - EXTRA


@pytest.mark.parametrize("catalog", LANGUAGES, ids=lambda catalog: str(catalog.language))
def test_a_catalog_has_the_keys_and_placeholders_of_the_english_one(catalog: Catalog) -> None:
    assert set(catalog.texts) == set(ENGLISH.texts)
    different = {
        key
        for key, text in catalog.texts.items()
        if placeholders(text) - {"n"} != placeholders(ENGLISH.texts[key]) - {"n"}
    }
    assert not different


@pytest.mark.parametrize("catalog", LANGUAGES, ids=lambda catalog: str(catalog.language))
def test_a_call_gives_a_text_the_placeholders_that_it_has(catalog: Catalog) -> None:
    """`text("issue.by", names=…)` fills {names}, and nothing else is in the text."""
    call = re.compile(r"""\btext\(["']([^"']+)["']((?:, *\w+=[^,()]*(?:\([^()]*\))?[^,()]*)*)\)""")
    for path in templates():
        for key, given in call.findall(path.read_text("utf-8")):
            names = set(re.findall(r", *(\w+)=", given))
            assert names == placeholders(catalog.texts[key]), (path.name, key)
