"""The source follows the conventions: sizes, words, and declared packages."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PACKAGES = ("newsletter", "subscribers")
LONGEST_FUNCTION = 50
LONGEST_MODULE = 400

AVOIDED = re.compile(
    r"manager|helper|utils?$|blacklist|whitelist|campaign|blast|mailing_?list|unsubscriber|"
    r"^process|^handle|_handler$|_info$|_data$"
)
"""Words that CONTEXT.md replaces: too vague, or used here for something else."""

USED_UNSEEN = {"psycopg", "python-multipart", "tzdata"}
"""Loaded indirectly: the SQLAlchemy driver, FastAPI's form parser, the zone data for Python."""

MACHINE = re.compile(r"(?<![\w.])/(?:work|root|home/\w+)/")
TEXTS = {".py", ".md", ".toml", ".j2", ".css", ".txt", ".html", ".lock", ".example", ""}


@cache
def modules() -> tuple[tuple[str, ast.Module], ...]:
    """Return each module of both packages as (path, syntax tree)."""
    return tuple(
        (str(path.relative_to(ROOT)), ast.parse(path.read_text()))
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if path.parent.name != "versions"  # a migration is as long as the tables it changes
    )


def definitions() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for path, tree in modules():
        for node in ast.walk(tree):
            if isinstance(node, kinds):
                yield path, node


def test_no_function_is_longer_than_the_limit() -> None:
    lengths = {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for path, node in definitions()
        if not isinstance(node, ast.ClassDef)
    }
    assert not {name: size for name, size in lengths.items() if size > LONGEST_FUNCTION}


def test_no_module_is_longer_than_the_limit() -> None:
    lengths = {path: len((ROOT / path).read_text().splitlines()) for path, _ in modules()}
    assert not {name: size for name, size in lengths.items() if size > LONGEST_MODULE}


def test_no_name_uses_an_avoided_word() -> None:
    modules_named = [(path, Path(path).stem) for path, _ in modules()]
    named = [
        (f"{path}:{node.lineno}", node.name)
        for path, node in definitions()
        if not any(getattr(each, "id", "") == "override" for each in node.decorator_list)
    ]
    assert not [
        f"{where} {name}"
        for where, name in [*modules_named, *named]
        if AVOIDED.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
    ]


def test_a_class_name_exists_once() -> None:
    homes: dict[str, list[str]] = {}
    for path, node in definitions():
        if isinstance(node, ast.ClassDef):
            homes.setdefault(node.name, []).append(path)
    assert not {name: paths for name, paths in homes.items() if len(paths) > 1}


def test_every_imported_package_is_declared() -> None:
    """An undeclared package disappears when the package that pulls it in drops it."""
    homes = packages_distributions()
    undeclared = {}
    for path, tree in modules():
        for name in _imported(tree) - set(sys.stdlib_module_names) - set(PACKAGES):
            if not {canonicalize_name(home) for home in homes.get(name, [])} & declared():
                undeclared[name] = path
    assert not undeclared


def test_every_declared_package_is_used() -> None:
    homes = packages_distributions()
    imported = set[str]().union(*(_imported(tree) for _, tree in modules()))
    used = {canonicalize_name(home) for name in imported for home in homes.get(name, [])}
    assert declared() - used == USED_UNSEEN


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = chain.from_iterable(project["optional-dependencies"].values())
    return {
        canonicalize_name(Requirement(each).name) for each in (*project["dependencies"], *extras)
    }


def _imported(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize(
    "folder", ["newsletter", "subscribers", "templates", "tests", "docs", "bench", ".ci"]
)
def test_no_file_names_a_path_of_one_machine(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()[:80]}"
        for path in sorted((ROOT / folder).rglob("*"))
        if path.is_file() and path.suffix in TEXTS and "__pycache__" not in path.parts
        for line in path.read_text(errors="replace").splitlines()
        if MACHINE.search(line) and path != Path(__file__)
    ]
    assert not found


def test_every_revision_of_the_schema_has_a_number_of_its_own() -> None:
    """Two revisions that were written at the same time must not both follow the same one."""
    revisions = sorted((ROOT / "newsletter/migrations/versions").glob("[0-9]*.py"))
    numbers = [path.name.partition("_")[0] for path in revisions]
    assert numbers == [f"{number:04}" for number in range(1, len(revisions) + 1)]
