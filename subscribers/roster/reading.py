"""Stream the rows of a file, bounded in every direction."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from subscribers.errors import ImportRefused
from subscribers.roster.layout import SAMPLE, Layout, recognise


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is taken; more is refused, not cut off."""

    bytes: int = 2_000_000_000
    rows: int = 10_000_000
    cell: int = 20_000


@dataclass(frozen=True, slots=True)
class Raw:
    """One row as it stands in the file: field to text; `problem` says why it cannot be read."""

    number: int
    cells: Mapping[str, str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A file of people and how it is read."""

    path: Path
    layout: Layout
    limits: Limits

    def rows(self) -> Iterator[Raw]:
        """Yield every row, numbered as a text editor numbers the file's first line 1."""
        with self.path.open(encoding=self.layout.encoding, newline="") as stream:
            reader = _json_rows if self.layout.format == "jsonl" else _table_rows
            for count, raw in enumerate(_decoding(reader(stream, self), self)):
                if count >= self.limits.rows:
                    msg = f"{self.path.name} has more than {self.limits.rows} rows; split it"
                    raise ImportRefused(msg)
                yield raw


def open_listing(
    path: Path,
    *,
    mapping: Mapping[str, str],
    encoding: str = "",
    delimiter: str = "",
    limits: Limits | None = None,
) -> Listing:
    """Recognise a file; raise ImportRefused if it is too large or holds no list of people."""
    limits = limits or Limits()
    try:
        size = path.stat().st_size
        with path.open("rb") as stream:
            head = stream.read(SAMPLE)
    except OSError as error:
        msg = f"{path} cannot be read: {error.strerror}"
        raise ImportRefused(msg) from error
    if size > limits.bytes:
        msg = f"{path.name} has {size:,} bytes; at most {limits.bytes:,} are taken; split it"
        raise ImportRefused(msg)
    layout = recognise(
        head, name=path.name, mapping=mapping, encoding=encoding, delimiter=delimiter
    )
    return Listing(path, layout, limits)


def _decoding(rows: Iterator[Raw], listing: Listing) -> Iterator[Raw]:
    """Say what is wrong with a file whose later parts do not read as its beginning did."""
    last = 1
    try:
        for raw in rows:
            last = raw.number
            yield raw
    except UnicodeError as error:
        msg = (
            f"{listing.path.name}, after row {last}: this is not {listing.layout.encoding}; "
            "name the encoding with --encoding"
        )
        raise ImportRefused(msg) from error
    except csv.Error as error:
        msg = f"{listing.path.name}, after row {last}: {error}; is a quotation mark left open?"
        raise ImportRefused(msg) from error


def _table_rows(stream: io.TextIOBase, listing: Listing) -> Iterator[Raw]:
    table = csv.reader(stream, delimiter=listing.layout.delimiter)
    headers = [header.strip().lstrip("\ufeff") for header in next(table)]
    places = [
        (meaning, headers.index(header)) for meaning, header in listing.layout.columns.items()
    ]
    width, longest = len(headers), listing.limits.cell
    defused = listing.layout.format == "own"
    for cells in table:
        number = table.line_num
        if not any(cells):
            continue
        if len(cells) > width:
            yield Raw(number, {}, f"{len(cells)} cells under {width} headings")
            continue
        if max(map(len, cells)) > longest:
            yield Raw(number, {}, f"a cell is longer than {longest} characters")
            continue
        found = {meaning: cells[at].strip() for meaning, at in places if at < len(cells)}
        yield Raw(number, _armed(found) if defused else found)


def _armed(cells: dict[str, str]) -> dict[str, str]:
    """Take off the apostrophe that our export puts before whatever a spreadsheet would run."""
    return {meaning: text.removeprefix("'") for meaning, text in cells.items()}


def _json_rows(stream: io.TextIOBase, listing: Listing) -> Iterator[Raw]:
    longest = listing.limits.cell * 10
    names = {header: meaning for meaning, header in listing.layout.columns.items() if header}
    number = 0
    while line := stream.readline(longest + 1):
        number += 1
        if len(line) > longest and not line.endswith("\n"):
            msg = f"{listing.path.name}, line {number} is longer than {longest} characters"
            raise ImportRefused(msg)
        if line.strip():
            yield _json_row(number, line, names)


def _json_row(number: int, line: str, names: Mapping[str, str]) -> Raw:
    try:
        content = json.loads(line)
    except (ValueError, RecursionError):
        return Raw(number, {}, "this line is not JSON")
    if not isinstance(content, dict):
        return Raw(number, {}, "this line is not a JSON object")
    if "address" not in content and "email" in content:
        content["address"] = content.pop("email")
    return Raw(
        number, {names.get(str(key), str(key)): _text(value) for key, value in content.items()}
    )


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
