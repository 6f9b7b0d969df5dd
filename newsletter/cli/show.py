"""What the command line prints: sentences for people, JSON for programs."""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import NoReturn

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

console = Console(highlight=False, soft_wrap=True, emoji=False)
errors = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What would act on a terminal instead of being shown there; titles come from strangers."""


class Exit(IntEnum):
    """The exit codes: OK, failed, wrong usage, something waits for a person."""

    OK = 0
    FAILED = 1
    USAGE = 2
    WAITS = 3


def say(text: str = "") -> None:
    """Print one line for a person; `text` is never read as markup."""
    console.print(Text(_shown(text)))


def fail(message: str, code: Exit = Exit.FAILED, *, next_step: str = "") -> NoReturn:
    """Print what happened and what to do next on standard error, and exit with `code`."""
    errors.print(Text(_shown(_sentence(message))))
    if next_step:
        errors.print(Text(_shown(next_step)))
    raise SystemExit(int(code))


def _sentence(text: str) -> str:
    """Begin with a capital, unless that would misspell a file, a key or an address."""
    first = text.split(maxsplit=1)[0] if text else ""
    return text[:1].upper() + text[1:] if first.rstrip(",:").isalpha() else text


def print_json(value: object) -> None:
    """Print one JSON value on one line, as UTF-8."""
    console.file.write(orjson.dumps(value, default=str).decode() + "\n")


def print_rows(
    rows: Iterable[Mapping[str, object]], columns: Sequence[str], *, as_json: bool = False
) -> None:
    """Print rows as a table of `columns`, or one JSON object per line with every key."""
    if as_json:
        for row in rows:
            print_json(row)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    if not table.row_count:
        say("Nothing yet.")
        return
    console.print(table)


def _cell(value: object) -> Text:
    if value is None:
        return Text("–")
    if isinstance(value, (list, tuple)):
        return Text(_shown(", ".join(map(str, value))))
    return Text(_shown(str(value)))


def _shown(text: str) -> str:
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
