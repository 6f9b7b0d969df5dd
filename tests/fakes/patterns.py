"""Every regular expression of the program, and texts that make a bad one slow."""

import ast
import importlib
import pkgutil
import re
import re._constants as c
import re._parser as parser
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import newsletter
import subscribers

ROOT = Path(newsletter.__file__).parents[1]
METHODS = ("search", "match", "fullmatch", "sub", "subn", "findall", "finditer", "split")
WHERE = {"search", "sub", "subn", "findall", "finditer", "split"}
"""The methods that try a pattern at every place of a text."""
SKIPPED = ("newsletter.migrations.versions", "newsletter.migrations.env", "newsletter.__main__")
"""What runs when it is imported."""
MOST_TEXTS = 60


@dataclass(frozen=True, slots=True)
class Used:
    """A regular expression and the ways in which it is used."""

    where: str
    pattern: str | bytes
    flags: int
    methods: frozenset[str]

    @property
    def line(self) -> str:
        """Return the module and the pattern as one line."""
        return f"{self.where} {self.pattern!r}"

    def calls(self) -> list[Callable[[Any], object]]:
        """Return what applies the pattern to a text, in each way that matters for time."""
        compiled = re.compile(self.pattern, self.flags)
        found: list[Callable[[Any], object]] = []
        if self.methods & WHERE:
            found.append(compiled.findall)
        if "fullmatch" in self.methods:
            found.append(compiled.fullmatch)
        if "match" in self.methods:
            found.append(compiled.match)
        return found


@cache
def every_pattern() -> tuple[Used, ...]:
    """Return the patterns in module values, and those written where they are used."""
    found: dict[tuple[str, str | bytes, int], Used] = {}
    for module in _modules():
        tree = ast.parse(Path(str(module.__file__)).read_text("utf-8"))
        for used in (*_inline(module, tree), *_in_values(module)):
            found.setdefault((used.where, used.pattern, used.flags), used)
    return tuple(found.values())


def _modules() -> Iterator[ModuleType]:
    for package in (newsletter, subscribers):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not info.name.startswith(SKIPPED):
                yield importlib.import_module(info.name)


def _is_call(node: ast.AST, names: set[str]) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "re"
        and node.func.attr in names
    )


def _literal(call: ast.AST) -> str | bytes | None:
    assert isinstance(call, ast.Call)
    first = call.args[0]
    return first.value if isinstance(first, ast.Constant) else None


def _inline(module: ModuleType, tree: ast.AST) -> Iterator[Used]:
    for call in ast.walk(tree):
        if not _is_call(call, set(METHODS)):
            continue
        assert isinstance(call, ast.Call)
        assert isinstance(call.func, ast.Attribute)
        pattern = _literal(call)
        if pattern is not None:
            flags = re.IGNORECASE if "IGNORECASE" in ast.unparse(call) else 0
            yield Used(module.__name__, pattern, flags, frozenset({call.func.attr}))


def _in_values(module: ModuleType) -> Iterator[Used]:
    for name, value in vars(module).items():
        for compiled in _patterns_in(value, depth=4):
            yield Used(
                module.__name__,
                compiled.pattern,
                compiled.flags,
                _methods_by_name().get(name) or frozenset(WHERE),
            )


def _patterns_in(value: object, depth: int) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif depth and isinstance(value, dict):
        for inner in (*value.keys(), *value.values()):
            yield from _patterns_in(inner, depth - 1)
    elif depth and isinstance(value, list | tuple | set | frozenset):
        for inner in value:
            yield from _patterns_in(inner, depth - 1)
    elif depth and hasattr(type(value), "__dataclass_fields__"):
        for field in type(value).__dataclass_fields__:
            yield from _patterns_in(getattr(value, field, None), depth - 1)


@cache
def _methods_by_name() -> Mapping[str, frozenset[str]]:
    """Return the methods of patterns that the program calls on each name."""
    found: dict[str, set[str]] = defaultdict(set)
    call = re.compile(rf"\b(\w+)(?=\.({'|'.join(METHODS)})\b)")
    for package in ("newsletter", "subscribers"):
        for path in (ROOT / package).rglob("*.py"):
            for name, method in call.findall(path.read_text("utf-8")):
                found[name].add(method)
    return {name: frozenset(methods) for name, methods in found.items()}


def hostile_texts(used: Used, size: int) -> Iterator[str | bytes]:
    """Yield texts of about a size that repeat what the pattern repeats, and end in a mismatch."""
    for start, unit in list(_attacks(used))[:MOST_TEXTS]:
        text = start + unit * (size // len(unit)) + "\0"
        yield text.encode("utf-8", "replace") if isinstance(used.pattern, bytes) else text


def _attacks(used: Used) -> Iterator[tuple[str, str]]:
    tree = parser.parse(used.pattern, used.flags)
    seen: dict[tuple[str, str], None] = {}
    for start, unit in (
        *_repeated(tree, ""),
        ("", _sample(tree)),
        ("", " "),
        ("", "a"),
        ("", "\n"),
    ):
        if unit:
            seen.setdefault((start, unit))
            seen.setdefault(("", start + unit))
            seen.setdefault((start + unit, " "))
    yield from seen


def _repeated(tree: Any, start: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - parsed pattern
    """Yield what is before each part that may repeat, and samples of the part."""
    before = start
    for operator, argument in tree:
        for inner in _subtrees(operator, argument):
            if operator in {c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT} and argument[1] > 1:
                for sample in _samples(inner):
                    yield before, sample
            yield from _repeated(inner, before)
        before += _sample([(operator, argument)])


def _subtrees(operator: Any, argument: Any) -> list[Any]:  # noqa: ANN401 - parsed pattern
    if operator in {c.MAX_REPEAT, c.MIN_REPEAT, c.POSSESSIVE_REPEAT}:
        return [argument[2]]
    if operator is c.SUBPATTERN:
        return [argument[3]]
    if operator is c.BRANCH:
        return list(argument[1])
    if operator in {c.ASSERT, c.ASSERT_NOT}:
        return [argument[1]]
    return [argument] if operator is c.ATOMIC_GROUP else []


def _samples(tree: Any) -> set[str]:  # noqa: ANN401 - parsed pattern
    return {_sample(tree, choice) for choice in range(4)} - {""}


def _sample(tree: Any, choice: int = 0) -> str:  # noqa: ANN401 - parsed pattern
    return "".join(_part(operator, argument, choice) for operator, argument in tree)


def _part(operator: Any, argument: Any, choice: int) -> str:  # noqa: ANN401 - parsed pattern
    found = ""
    match operator:
        case c.LITERAL:
            found = chr(argument)
        case c.ANY | c.NOT_LITERAL:
            found = "xa <"[choice % 4]
        case c.IN:
            found = _member(argument, choice)
        case c.MAX_REPEAT | c.MIN_REPEAT | c.POSSESSIVE_REPEAT:
            found = _sample(argument[2], choice) * max(argument[0], 1 - choice % 2)
        case c.SUBPATTERN:
            found = _sample(argument[3], choice)
        case c.BRANCH:
            found = _sample(argument[1][choice % len(argument[1])], choice)
        case c.ATOMIC_GROUP:
            found = _sample(argument, choice)
    return found


_CATEGORIES = {
    c.CATEGORY_DIGIT: "1",
    c.CATEGORY_SPACE: " ",
    c.CATEGORY_WORD: "a",
    c.CATEGORY_NOT_DIGIT: "a",
    c.CATEGORY_NOT_SPACE: "a",
    c.CATEGORY_NOT_WORD: " ",
}


def _member(items: Any, choice: int) -> str:  # noqa: ANN401 - parsed pattern
    """Return a character of a set."""
    found = []
    excluded: set[str] = set()
    negated = items[0][0] is c.NEGATE
    for operator, argument in items:
        if operator is c.LITERAL:
            found.append(chr(argument))
        elif operator is c.RANGE:
            found.append(chr(argument[0]))
        elif operator is c.CATEGORY:
            found.append(_CATEGORIES[argument])
    if negated:
        excluded = set(found)
        found = [char for char in "a 1<.\n" if char not in excluded] or ["é"]
    return found[choice % len(found)]
