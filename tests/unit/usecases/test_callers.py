"""Every use case is called by an entry point: the command line, a page or the pipeline."""

import ast
from pathlib import Path

NEWSLETTER = Path(__file__).parents[3] / "newsletter"
ENTRY_POINTS = ("cli", "web", "pipeline")


def use_cases() -> set[str]:
    """Return the public functions of the layer, as `module.function`."""
    return {
        f"{path.stem}.{node.name}"
        for path in (NEWSLETTER / "usecases").glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
    }


def called(paths: list[Path]) -> set[str]:
    """Return what these files name as `module.attribute`."""
    return {
        f"{node.value.id}.{node.attr}"
        for path in paths
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


def called_by_another(path: Path) -> set[str]:
    """Return the functions that another use case calls: one of the same module, or of another."""
    same = {
        f"{path.stem}.{node.func.id}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    return same | called([path])


def test_every_use_case_is_called_by_an_entry_point() -> None:
    paths = [path for name in ENTRY_POINTS for path in (NEWSLETTER / name).rglob("*.py")]
    assert use_cases()
    inner = [called_by_another(path) for path in (NEWSLETTER / "usecases").glob("*.py")]
    assert not use_cases() - called(paths).union(*inner)
