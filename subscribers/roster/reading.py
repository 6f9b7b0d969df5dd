"""Stream the rows of a file, bounded in every direction."""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from subscribers.errors import ImportRefused, Remedy
from subscribers.roster.cells import as_text, parsed
from subscribers.roster.columns import meaning_of
from subscribers.roster.encoding import broken_line, encoding_of
from subscribers.roster.formulas import armed
from subscribers.roster.layout import Layout, ReadingOptions, names_of, recognize, table_lines

SAMPLE = 1 << 18
"""How many bytes are looked at to find the columns."""

_ADDRESS = re.compile(r"[^\s@]@[^\s@]")
_FATAL = ("unexpected end", "field larger")


@dataclass(frozen=True, slots=True)
class FileLimits:
    """How much of a file is taken; more is refused, not cut off.

    `cell` is for the lists of others. `record` is for what we export ourselves, where one cell holds
    every consent that somebody ever gave, and for JSON lines.
    """

    bytes: int = 2_000_000_000
    rows: int = 10_000_000
    cell: int = 20_000
    record: int = 2_000_000


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row as it stands in the file: field to text; `problem` says why it cannot be read."""

    number: int
    cells: Mapping[str, str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file of people and how it is read."""

    path: Path
    layout: Layout
    limits: FileLimits

    @property
    def name(self) -> str:
        """Return the name of the file as it can be written down."""
        return _name(self.path)

    def rows(self) -> Iterator[RawRow]:
        """Yield every row, numbered by its first line; a text editor numbers the file's first 1."""
        with self.path.open(encoding=self.layout.encoding, newline="") as stream:
            reader = _json_rows if self.layout.format == "jsonl" else _table_rows
            for count, raw in enumerate(_decoding(reader(stream, self), self)):
                if count >= self.limits.rows:
                    msg = f"{self.name} has more than {self.limits.rows} rows; split it"
                    raise ImportRefused(msg)
                yield raw

    def check(self) -> None:
        """Read to the end; raise ImportRefused where that cannot be done."""
        for _raw in self.rows():
            pass


def open_listing(
    path: Path,
    *,
    mapping: Mapping[str, str],
    encoding: str = "",
    delimiter: str = "",
    limits: FileLimits | None = None,
) -> ListFile:
    """Recognise a file; raise ImportRefused if it is too large or holds no list of people."""
    limits = limits or FileLimits()
    try:
        size = path.stat().st_size
        if size > limits.bytes:
            msg = f"{_name(path)} has {size:,} bytes; at most {limits.bytes:,} are taken; split it"
            raise ImportRefused(msg)
        with path.open("rb") as stream:
            head = stream.read(SAMPLE)
        encoding = encoding or encoding_of(path)
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise ImportRefused(msg) from error
    options = ReadingOptions(mapping, delimiter)
    return ListFile(path, recognize(head, encoding, options, name=_name(path)), limits)


def _name(path: Path) -> str:
    return path.name.encode(errors="replace").decode()


def _decoding(rows: Iterator[RawRow], listing: ListFile) -> Iterator[RawRow]:
    """Say what is wrong with a file whose later parts do not read as its beginning did."""
    last = 1
    try:
        for raw in rows:
            last = raw.number
            yield raw
    except UnicodeError as error:
        encoding = listing.layout.encoding
        line = broken_line(listing.path, encoding)
        msg = f"{listing.name}, line {line} is not valid {encoding}"
        raise ImportRefused(msg, Remedy.ENCODING) from error
    except csv.Error as error:
        msg = f"{listing.name}, after row {last}: {error}; is a quotation mark left open?"
        raise ImportRefused(msg) from error


def _table_rows(stream: TextIO, listing: ListFile) -> Iterator[RawRow]:
    layout, limits = listing.layout, listing.limits
    own = layout.format == "own"
    skipped, lines = table_lines(stream)
    csv.field_size_limit(limits.record)
    table = csv.reader(lines, delimiter=layout.delimiter, strict=True)
    headers = names_of(next(table, ()))
    places = _places(headers, listing)
    width, longest = len(headers), limits.record if own else limits.cell
    last = table.line_num
    for cells, wrong in _records(table):
        first, last = last + 1, table.line_num
        if not wrong and not any(cells):
            continue
        if problem := wrong or _problem(cells, width, longest, lines=last - first):
            yield RawRow(first + skipped, {}, _located(problem, last - first))
            continue
        found = {meaning: cells[at].strip() for meaning, at in places if at < len(cells)}
        yield RawRow(
            first + skipped,
            {meaning: armed(text) for meaning, text in found.items()} if own else found,
        )


def _places(headers: list[str], listing: ListFile) -> list[tuple[str, int]]:
    try:
        return [(meaning, headers.index(name)) for meaning, name in listing.layout.columns.items()]
    except ValueError as error:
        msg = f"{listing.name}: the line with the names of the columns is too long"
        raise ImportRefused(msg) from error


def _records(table: Iterator[list[str]]) -> Iterator[tuple[list[str], str]]:
    """Yield the cells of every row, or what is wrong with it; the one after it reads again."""
    while True:
        try:
            for cells in table:
                yield cells, ""
        except csv.Error as error:
            if any(word in str(error) for word in _FATAL):
                raise
            yield [], f"a quotation mark is out of place: {error}"
        else:
            return


def _problem(cells: list[str], width: int, longest: int, *, lines: int) -> str:
    """Say why a row is not read, or ""; `lines` is how many more than one it goes over."""
    if len(cells) > width:
        return f"{len(cells)} cells under {width} headings"
    if max(map(len, cells)) > longest:
        return f"a cell is longer than {longest} characters"
    if lines and any(map(_holds_rows, cells)):
        return "a cell with line ends holds an address; is a quotation mark left open?"
    return ""


def _located(problem: str, lines: int) -> str:
    return f"{problem} (with the {lines} lines below)" if lines else problem


def _holds_rows(cell: str) -> bool:
    return bool(re.search(r"[\r\n]", cell.strip()) and _ADDRESS.search(cell))


def _json_rows(stream: TextIO, listing: ListFile) -> Iterator[RawRow]:
    longest = listing.limits.record
    number = 0
    while line := stream.readline(longest + 1):
        number += 1
        if len(line) > longest and not line.endswith("\n"):
            msg = f"{listing.name}, line {number} is longer than {longest} characters"
            raise ImportRefused(msg)
        if bare := line.strip("\ufeff \t\r\n"):
            yield _json_row(number, bare, listing.layout)


def _json_row(number: int, line: str, layout: Layout) -> RawRow:
    try:
        content = parsed(line)
        if not isinstance(content, dict):
            return RawRow(number, {}, "this line is not a JSON object")
        return RawRow(number, _json_cells(content, layout))
    except UnicodeEncodeError:
        return RawRow(number, {}, "this line escapes half a character")
    except (ValueError, RecursionError):
        return RawRow(number, {}, "this line is not JSON")


def _json_cells(content: dict[str, object], layout: Layout) -> dict[str, str]:
    """Return what a line says; also under names that the first lines did not have."""
    cells = {
        meaning: as_text(content[header])
        for meaning, header in layout.columns.items()
        if header in content
    }
    read = set(layout.columns.values())
    for key, value in content.items():
        meaning = "" if key in read else meaning_of(key)
        if meaning and meaning not in layout.columns and meaning not in layout.left_out:
            cells.setdefault(meaning, as_text(value))
    return cells
