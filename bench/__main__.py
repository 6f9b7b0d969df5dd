"""Run the benchmarks: `python -m bench [--quick] [--only NAME …]`.

Each module in this folder with a function `figures(quick)` is a benchmark. Absolute times are
meaningful only for the machine that is printed with them. Compare ratios within one run only.
"""

import argparse
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from bench.figure import Figure

Benchmark = Callable[[bool], Iterator[Figure]]


def main() -> int:
    """Run the requested benchmarks and return 1 if one of them fails."""
    arguments = _arguments()
    found = dict(_benchmarks(arguments.only))
    if unknown := set(arguments.only) - set(found):
        print(f"unknown benchmark: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    print(_machine())
    failed = [
        name for name, figures in found.items() if not _printed(name, figures, arguments.quick)
    ]
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench", description="Run the benchmarks and print a table."
    )
    parser.add_argument(
        "--quick", action="store_true", help="use small sizes, to see that everything runs"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="run only this benchmark (repeatable)",
    )
    return parser.parse_args()


def _benchmarks(only: list[str]) -> Iterator[tuple[str, Benchmark]]:
    for module in sorted(iter_modules([str(Path(__file__).parent)]), key=lambda found: found.name):
        if module.name == "__main__" or (only and module.name not in only):
            continue
        figures = getattr(import_module(f"bench.{module.name}"), "figures", None)
        if figures:
            yield module.name, figures


def _machine() -> str:
    return (
        f"{os.cpu_count()} cores of {platform.machine()} · load {os.getloadavg()[0]:.1f} ·"
        f" Python {platform.python_version()} · SQLite {sqlite3.sqlite_version}"
    )


def _printed(name: str, figures: Benchmark, quick: bool) -> bool:
    """Print the figures of a benchmark as they arrive. Returns False if it fails."""
    print(f"\n{name}")
    began = time.perf_counter()
    try:
        for figure in figures(quick):
            print(f"  {figure.name:<52} {_number(figure.value):>12} {figure.unit:<8} {figure.note}")
    except Exception as error:  # noqa: BLE001 - a failure must not stop the other benchmarks
        print(f"  failed: {type(error).__name__}: {error}")
        return False
    print(f"  ({time.perf_counter() - began:.1f} s)")
    return True


def _number(value: float) -> str:
    """Format three significant digits, with thousands separators."""
    if value and abs(value) < 100:
        return f"{value:.3g}"
    return f"{value:,.0f}"


if __name__ == "__main__":
    raise SystemExit(main())
