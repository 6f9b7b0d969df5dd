"""No message below the entry points names a command: a next step is a value there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from newsletter.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
ENTRY_POINTS = {"cli", "web"}
NAMED = re.compile(rf"\bnewsletter ({'|'.join(COMMANDS)})\b")


def messages(tree: ast.Module) -> Iterator[str]:
    """Yield the text constants of a module that are not docstrings."""
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def test_no_message_below_the_entry_points_names_a_command() -> None:
    paths = [
        path
        for package in ("newsletter", "subscribers")
        for path in (ROOT / package).rglob("*.py")
        if path.relative_to(ROOT / package).parts[0] not in ENTRY_POINTS
    ]
    assert paths
    assert not [
        f"{path.relative_to(ROOT)}: {text.strip()[:60]}"
        for path in paths
        for text in messages(ast.parse(path.read_text(encoding="utf-8")))
        if NAMED.search(text)
    ]
