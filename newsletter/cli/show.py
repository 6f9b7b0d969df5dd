"""What the command line prints: sentences for people, JSON for programs."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, tzinfo
from enum import IntEnum
from typing import NoReturn

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

console = Console(highlight=False, soft_wrap=True, emoji=False)
errors = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

_HIDDEN = (
    r"\x7f-\x9f"  # DEL and the C1 controls, which some terminals obey
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that reverse the text around them
    r"\u2028\u2029\ufff9-\ufffb\U000e0000-\U000e007f"  # separators, annotations, invisible tags
)
_CONTROL = re.compile(rf"[\x00-\x08\x0b-\x1f{_HIDDEN}]")
"""What acts on a terminal instead of being shown; titles come from outside."""
_UNSAFE_JSON = re.compile(rf"[{_HIDDEN}]")
"""The same in JSON, which already escapes the C0 controls."""


class Exit(IntEnum):
    """The exit codes: OK, failed, wrong usage, something waits for a person."""

    OK = 0
    FAILED = 1
    USAGE = 2
    WAITS = 3


def say(text: str = "") -> None:
    """Print one line for a person; `text` is never read as markup."""
    console.print(Text(shown(text)))


def warn(text: str) -> None:
    """Print one line for a person on standard error."""
    errors.print(Text(shown(text)))


def fail(message: str, code: Exit = Exit.FAILED, *, next_step: str = "") -> NoReturn:
    """Print what happened and what to do next on standard error, and exit with `code`."""
    warn(_sentence(message))
    if next_step:
        warn(next_step)
    raise SystemExit(int(code))


def _sentence(text: str) -> str:
    """Begin with a capital, unless that would misspell a file, a key or an address."""
    first = text.split(maxsplit=1)[0] if text else ""
    return text[:1].upper() + text[1:] if first.rstrip(",:").isalpha() else text


def print_json(value: object) -> None:
    """Print one JSON value on one line, as UTF-8; hidden characters are escaped."""
    text = orjson.dumps(value, default=str).decode()
    console.file.write(_UNSAFE_JSON.sub(_escape, text) + "\n")


def _escape(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def print_rows(
    rows: Iterable[Mapping[str, object]],
    columns: Sequence[str],
    *,
    as_json: bool = False,
    empty: str = "Nothing yet.",
) -> None:
    """Print rows as a table of `columns`, or one JSON object per line with every key.

    A table leaves out columns that are empty in every row, and folds to the terminal's width.
    """
    if as_json:
        for row in rows:
            print_json(row)
        return
    listed = list(rows)
    if not listed:
        say(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    used = [name for name in columns if any(row.get(name) not in (None, "") for row in listed)]
    for name in used:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in listed:
        table.add_row(*(_cell(row.get(name)) for name in used))
    console.print(table)


def minute(moment: datetime, zone: tzinfo) -> str:
    """Write a time with the name of its zone: 2026-11-30 08:00 KST."""
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _cell(value: object) -> Text:
    if value is None:
        return Text("–")
    if isinstance(value, datetime):
        return Text(f"{value:%Y-%m-%d %H:%M:%S %Z}")
    if isinstance(value, Mapping):
        return Text(shown("; ".join(f"{name}: {_cell(part)}" for name, part in value.items())))
    if isinstance(value, (list, tuple)):
        return Text(shown(", ".join(map(str, value))))
    return Text(shown(str(value)))


def shown(text: str) -> str:
    """Return a text with a replacement character for every hidden character."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)
