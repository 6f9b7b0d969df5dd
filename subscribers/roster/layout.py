"""What kind of file this is: delimiter, whose export, which column means what."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Literal

from subscribers.errors import ImportRefused
from subscribers.roster.cells import as_text, parsed
from subscribers.roster.columns import Cells, checked, columns_of, plain

Format = Literal["own", "listmonk", "mailchimp", "ghost", "columns", "jsonl"]

COLUMNS_LIMIT = 500
SAMPLE_ROWS = 100

_AROUND = "\ufeff\r\n "
_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)

_KNOWN: tuple[tuple[Format, frozenset[str]], ...] = (
    ("own", frozenset({"address", "subscriptions", "consents", "topics", "labels"})),
    ("listmonk", frozenset({"uuid", "email", "name", "attributes", "status"})),
    ("mailchimp", frozenset({"emailaddress", "leid", "euid"})),
    ("ghost", frozenset({"email", "subscribedtoemails", "complimentaryplan"})),
)


_NO_TEXT = frozenset(
    {"charmap", "idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"}
)
"""What Python calls an encoding but no file is written in."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is read; `columns` maps our fields to its headers."""

    format: Format
    encoding: str
    delimiter: str
    columns: Mapping[str, str] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    left_out: frozenset[str] = frozenset()

    def lines(self) -> list[str]:
        """Say how the file will be read, for a person to check."""
        kind = {"columns": "a table", "jsonl": "JSON lines", "own": "our own export"}
        shown = kind.get(self.format, f"an export of {self.format.capitalize()}")
        mapped = [f"{meaning} from “{header}”" for meaning, header in self.columns.items()]
        unused = [f"not used: {', '.join(self.unused)}"] if self.unused else []
        return [f"read as {shown} in {self.encoding}", *mapped, *unused]


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What whoever imports says instead of a guess; `mapping` is field to header."""

    mapping: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ""


def recognize(head: bytes, encoding: str, options: ReadingOptions, *, name: str) -> Layout:
    """Find out how to read a file from its first bytes.

    Raises ImportRefused when it holds no table or no column of addresses.
    """
    text = _decoded(head, encoding, name)
    first = next(table_lines(_lines(text))[1], "").strip()
    if not first:
        msg = f"{name} is empty; expected a first line with the names of the columns"
        raise ImportRefused(msg)
    layout = Layout("jsonl", encoding, "")
    if first.startswith("{"):
        headers, sample = _keys(text)
    else:
        delimiter = _one_character(options.delimiter) or guess_delimiter(text)
        headers, sample = _first_rows(text, delimiter, name)
        layout = Layout(_known_by(headers), encoding, delimiter)
    columns = _columns(layout, headers, sample, options, name)
    used = set(columns.values())
    unused = tuple(header for header in headers if header and header not in used)
    left_out = frozenset(meaning for meaning, header in options.mapping.items() if not header)
    return replace(layout, columns=columns, unused=unused, left_out=left_out)


def guess_delimiter(text: str) -> str:
    """Return the delimiter that the first line names, or that splits it most often unquoted."""
    for line in _lines(text):
        if named := _SEPARATOR.fullmatch(line.strip(_AROUND)):
            return named.group(1)
        if _says_something(line):
            return max(",;\t|", key=re.sub(r'"[^"]*"', "", line).count)
    return ","


def table_lines(lines: Iterable[str]) -> tuple[int, Iterator[str]]:
    """Return lines from the one with the names of the columns on, and how many stand before it.

    These are empty, or Excel's line `sep=;`, which names the delimiter.
    """
    rest = iter(lines)
    for skipped, line in enumerate(rest):
        if _says_something(line) and not _SEPARATOR.fullmatch(line.strip(_AROUND)):
            return skipped, chain((line.lstrip("\ufeff"),), rest)
    return 0, iter(())


def names_of(cells: Iterable[str]) -> list[str]:
    """Return the names of the columns as they are compared with what is asked for."""
    return [cell.strip() for cell in cells]


def _lines(text: str) -> Iterator[str]:
    """Yield lines as a file opened with newline="" does; no other character ends one."""
    return iter(io.StringIO(text, newline=""))


def _says_something(line: str) -> bool:
    return bool(line.strip(_AROUND + ' \t,;|"'))


def _one_character(delimiter: str) -> str:
    meant = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
    if len(meant) > 1 or meant in {'"', "\r", "\n"}:
        msg = f"the delimiter {delimiter!r} must be one character, such as ; or \\t for a tab"
        raise ImportRefused(msg)
    return meant


def _decoded(head: bytes, encoding: str, name: str) -> str:
    msg = f"unknown encoding “{encoding}”; for {name} try utf-8, cp949, cp1252 or utf-16"
    try:
        if codecs.lookup(encoding).name in _NO_TEXT:
            raise ImportRefused(msg)
        text = head.decode(encoding, errors="ignore")
    except (LookupError, ValueError) as error:
        raise ImportRefused(msg) from error
    if "\0" in text:
        msg = f"{name} is no text; expected a table (CSV) or JSON lines"
        raise ImportRefused(msg)
    return text


def _first_rows(text: str, delimiter: str, name: str) -> tuple[list[str], Cells]:
    """Read the names of the columns, and what stands below them for a while."""
    table = csv.reader(table_lines(_lines(text))[1], delimiter=delimiter)
    try:
        headers = names_of(next(table))
    except csv.Error as error:
        msg = f"{name}, line 1: {error}; expected the names of the columns"
        raise ImportRefused(msg) from error
    if len(headers) > COLUMNS_LIMIT:
        msg = f"{name} has {len(headers)} columns; at most {COLUMNS_LIMIT} are read"
        raise ImportRefused(msg)
    sample: list[Mapping[str, str]] = []
    with suppress(csv.Error):  # reading will say so, and where
        for row in islice(table, SAMPLE_ROWS):
            cells: dict[str, str] = {}
            for header, cell in zip(headers, row, strict=False):
                cells.setdefault(header, cell)
            sample.append(cells)
    return headers, sample


def _keys(text: str) -> tuple[list[str], Cells]:
    """Return the keys of the first JSON lines, and what they hold."""
    sample: list[Mapping[str, str]] = []
    for line in islice(_lines(text), SAMPLE_ROWS):
        with suppress(ValueError, RecursionError):  # reading will say so, and where
            found = parsed(line)
            if isinstance(found, dict):
                sample.append({key: as_text(value) for key, value in found.items()})
    return list(dict.fromkeys(key for row in sample for key in row)), sample


def _known_by(headers: Iterable[str]) -> Format:
    names = set(map(plain, headers))
    return next((kind for kind, needed in _KNOWN if needed <= names), "columns")


def _columns(
    layout: Layout, headers: list[str], sample: Cells, options: ReadingOptions, name: str
) -> dict[str, str]:
    if not headers:  # a first line of JSON that is too long to look at, or broken
        return checked(list(options.mapping.values()), options.mapping, name)
    columns = columns_of(headers, sample, options.mapping, name)
    confirmed = layout.format == "mailchimp" and "CONFIRM_TIME" in headers
    if confirmed and "consent" not in options.mapping:
        columns["consent"] = "CONFIRM_TIME"
    return columns
