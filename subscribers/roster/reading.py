"""Stream the rows of a file, with limits on every size."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from subscribers.errors import ImportRefused, Remedy
from subscribers.phrase import Phrase
from subscribers.roster.cells import as_text, parsed
from subscribers.roster.columns import Choices, meaning_of
from subscribers.roster.encoding import broken_line, encoding_of
from subscribers.roster.formulas import armed
from subscribers.roster.layout import Layout, first_rows, names_of, recognize, table_lines
from subscribers.roster.statuses import StatusColumn
from subscribers.roster.vocabulary import STATUS_NAMES, fold, looks_like_status

SAMPLE = 1 << 18
"""How many bytes are examined to find the columns."""

_ADDRESS = re.compile(r"[^\s@]@[^\s@]")
_FATAL = ("unexpected end", "field larger")


@dataclass(frozen=True, slots=True)
class FileLimits:
    """How much of a file is read; a larger one is refused, not cut off.

    `cell` applies to lists of other systems. `record` applies to JSON lines and to our own exports,
    in which one cell contains all consents of a subscriber.
    """

    bytes: int = 2_000_000_000
    rows: int = 10_000_000
    cell: int = 20_000
    record: int = 2_000_000


@dataclass(frozen=True, slots=True)
class RawRow:
    """The text of one row: cells by field, those of the status columns, and of watched columns.

    `problem` says why the row cannot be read.
    """

    number: int
    cells: Mapping[str, str]
    problem: str = ""
    statuses: tuple[tuple[StatusColumn, str], ...] = ()
    watched: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ListFile:
    """A list of subscribers in a file, and how it is read."""

    path: Path
    layout: Layout
    limits: FileLimits
    title: str = ""

    @property
    def name(self) -> str:
        """Return the title, or the name of the file without characters that cannot be encoded."""
        return self.title or _name(self.path)

    def rows(self) -> Iterator[RawRow]:
        """Yield every row, numbered by its first line as in a text editor."""
        with self.path.open(encoding=self.layout.encoding, newline="") as stream:
            reader = _json_rows if self.layout.format == "jsonl" else _table_rows
            for count, raw in enumerate(_decoding(reader(stream, self), self)):
                if count >= self.limits.rows:
                    msg = Phrase(
                        "{name} has more than {rows} rows; split it",
                        name=self.name,
                        rows=self.limits.rows,
                    )
                    raise ImportRefused(msg)
                yield raw


def open_listing(
    path: Path,
    choices: Choices | None = None,
    *,
    encoding: str = "",
    limits: FileLimits | None = None,
    title: str = "",
) -> ListFile:
    """Recognize a file; raise ImportRefused if it is too large or does not contain a list.

    `title` is the name under which people know it, if it is not that of the file.
    """
    limits, choices = limits or FileLimits(), choices or Choices()
    try:
        size = path.stat().st_size
        if size > limits.bytes:
            msg = Phrase(
                "{name} has {size:,} bytes; the maximum is {limit:,}; split it",
                name=_name(path),
                size=size,
                limit=limits.bytes,
            )
            raise ImportRefused(msg)
        with path.open("rb") as stream:
            head = stream.read(SAMPLE)
        encoding = encoding or encoding_of(path)
    except OSError as error:
        msg = Phrase("{path} cannot be read: {strerror}", path=path, strerror=error.strerror)
        raise ImportRefused(msg) from error
    layout = recognize(head, encoding, choices, name=title or _name(path))
    return ListFile(path, layout, limits, title)


def sample_of(
    path: Path, choices: Choices, *, encoding: str = "", title: str = ""
) -> tuple[list[str], Sequence[Mapping[str, str]]]:
    """Return the names of the columns and the first rows, to choose what the columns mean."""
    with path.open("rb") as stream:
        head = stream.read(SAMPLE)
    return first_rows(head, encoding or encoding_of(path), choices, name=title or _name(path))


def _name(path: Path) -> str:
    return path.name.encode(errors="replace").decode()


def _decoding(rows: Iterator[RawRow], listing: ListFile) -> Iterator[RawRow]:
    """Report what is wrong with a file whose later parts cannot be read like its beginning."""
    last = 1
    try:
        for raw in rows:
            last = raw.number
            yield raw
    except UnicodeError as error:
        encoding = listing.layout.encoding
        line = broken_line(listing.path, encoding)
        msg = Phrase(
            "{name}, line {line} is not valid {encoding}",
            name=listing.name,
            line=line,
            encoding=encoding,
        )
        raise ImportRefused(msg, Remedy.ENCODING) from error
    except csv.Error as error:
        msg = Phrase(
            "{name}, after row {last}: {error}; is a quotation mark left open?",
            name=listing.name,
            last=last,
            error=error,
        )
        raise ImportRefused(msg) from error


def _table_rows(stream: TextIO, listing: ListFile) -> Iterator[RawRow]:
    layout, limits = listing.layout, listing.limits
    own = layout.is_own
    skipped, lines = table_lines(stream)
    csv.field_size_limit(limits.record)
    table = csv.reader(lines, delimiter=layout.delimiter, strict=True)
    headers = names_of(next(table, ())) if layout.has_header else list(layout.headers)
    places = _places(headers, listing)
    statuses = [(column, headers.index(column.header)) for column in layout.statuses]
    watched = [(header, headers.index(header)) for header in layout.watched]
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
            statuses=tuple((column, _cell(cells, at)) for column, at in statuses)
            if statuses
            else (),
            watched=tuple((header, cell) for header, at in watched if (cell := _cell(cells, at)))
            if watched
            else (),
        )


def _cell(cells: list[str], at: int) -> str:
    return cells[at].strip() if at < len(cells) else ""


def _places(headers: list[str], listing: ListFile) -> list[tuple[str, int]]:
    try:
        return [(meaning, headers.index(name)) for meaning, name in listing.layout.columns.items()]
    except ValueError as error:
        msg = Phrase(
            "{name}: the line with the names of the columns is too long", name=listing.name
        )
        raise ImportRefused(msg) from error


def _records(table: Iterator[list[str]]) -> Iterator[tuple[list[str], str]]:
    """Yield the cells of every row, or what is wrong with it, and continue after a bad row."""
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
    """Return why a row is not read, or ""; `lines` is the number of lines after its first."""
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
            msg = Phrase(
                "{name}, line {number} is longer than {longest} characters",
                name=listing.name,
                number=number,
                longest=longest,
            )
            raise ImportRefused(msg)
        if bare := line.strip("\ufeff \t\r\n"):
            yield _json_row(number, bare, listing.layout)


def _json_row(number: int, line: str, layout: Layout) -> RawRow:
    try:
        content = parsed(line)
        if not isinstance(content, dict):
            return RawRow(number, {}, "this line is not a JSON object")
        return _json_record(number, content, layout)
    except UnicodeEncodeError:
        return RawRow(number, {}, "this line escapes half a character")
    except (ValueError, RecursionError):
        return RawRow(number, {}, "this line is not JSON")


def _json_record(number: int, content: dict[str, object], layout: Layout) -> RawRow:
    """Return a row, including keys that the first lines did not have."""
    cells = {
        meaning: as_text(content[header])
        for meaning, header in layout.columns.items()
        if header in content
    }
    statuses = [(column, as_text(content.get(column.header)).strip()) for column in layout.statuses]
    known = {*layout.headers, *layout.columns.values()}
    for key, value in content.items():
        if key in known or key in layout.ignored:
            continue
        meaning = meaning_of(key)
        if meaning and meaning not in layout.columns and meaning not in layout.ignored:
            cells.setdefault(meaning, as_text(value))
        elif key_field := STATUS_NAMES.get(fold(key)):
            if key == "suppressed":  # in our own export, this key is not in every line
                cells.setdefault(key, as_text(value))
            statuses.append((StatusColumn(key, key_field), as_text(value).strip()))
        elif looks_like_status(key) and not meaning:
            return RawRow(number, {}, f"the key “{key[:60]}” looks like a status; map or ignore it")
    watched = ((header, as_text(content.get(header)).strip()) for header in layout.watched)
    return RawRow(number, cells, "", tuple(statuses), tuple(pair for pair in watched if pair[1]))
