"""Recognize a file: its delimiter, the system that exported it, and the meaning of its columns."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice

from subscribers.errors import ImportRefused, Remedy
from subscribers.model import SubscriptionState
from subscribers.phrase import Phrase
from subscribers.roster.cells import as_text, parsed
from subscribers.roster.columns import (
    Cells,
    Choices,
    Columns,
    checked,
    columns_of,
    is_address,
    meaning_of,
)
from subscribers.roster.profiles import Profile, profile_of
from subscribers.roster.statuses import StatusColumn
from subscribers.roster.vocabulary import StatedStatus, fold

COLUMNS_LIMIT = 500
SAMPLE_ROWS = 100

_AROUND = "\ufeff\r\n "
_SEPARATOR = re.compile(r'"?sep=(.)"?', re.IGNORECASE)

_OWN = frozenset({"address", "subscriptions", "consents", "topics", "labels"})
_NONSUBSCRIBED = "nonsubscribed"
"""How Mailchimp names the export of contacts that never subscribed; no column says so."""
_NO_TEXT = frozenset(
    {"charmap", "idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"}
)
"""What Python calls an encoding, but no file is written in."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file is read.

    `columns` maps fields to headers, `statuses` are the columns that state a status, and `words`
    are meanings of their words in this file. `watched` are unused columns in which a status may
    still appear. `baseline` is the state of a row without a statement.
    """

    format: str
    encoding: str
    delimiter: str
    headers: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    statuses: tuple[StatusColumn, ...] = ()
    words: Mapping[str, StatedStatus] = field(default_factory=dict)
    watched: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    ignored: frozenset[str] = frozenset()
    baseline: SubscriptionState = SubscriptionState.CONFIRMED
    has_header: bool = True
    title: str = ""

    @property
    def is_own(self) -> bool:
        """Return whether this is a table that we exported."""
        return self.format == "own"

    def lines(self) -> list[str]:
        """Describe how the file is read, for a person to check."""
        kind = {"columns": "a table", "jsonl": "JSON lines", "own": "our own export"}
        shown = kind.get(self.format, f"a {self.title} export")
        lines = [f"this is {shown} in {self.encoding}"]
        if not self.has_header:
            lines.append("it has no header: the first line is a subscriber, columns are numbered")
        lines += [f"{meaning} from “{header}”" for meaning, header in self.columns.items()]
        lines += [
            f"{'status' if column.field == 'status' else f'status ({column.field})'}"
            f" from “{column.header}”"
            for column in self.statuses
        ]
        if self.format not in {"own", "jsonl"} and not self.statuses:
            lines.append("no column says who unsubscribed or bounced")
        if self.baseline is not SubscriptionState.CONFIRMED:
            lines.append("contacts that never subscribed: they become pending")
        return [*lines, *([f"not used: {', '.join(self.unused)}"] if self.unused else [])]


def recognize(head: bytes, encoding: str, choices: Choices, *, name: str) -> Layout:
    """Find out how to read a file from its first bytes.

    Raises ImportRefused if it contains no table or no column of addresses, UnclearStatus if a
    column looks like a status and is not understood.
    """
    text = _decoded(head, encoding, name)
    if _is_json(text, name):
        headers, sample = _keys(text)
        return _with_columns(Layout("jsonl", encoding, ""), headers, sample, choices, name)
    delimiter = _one_character(choices.delimiter) or guess_delimiter(text)
    headers, sample = _first_rows(text, delimiter, name)
    layout = Layout("columns", encoding, delimiter)
    if any(map(is_address, headers)):
        headers, sample = _numbered(headers, sample)
        layout = replace(layout, has_header=False)
    return _with_columns(layout, headers, sample, choices, name)


def first_rows(
    head: bytes, encoding: str, choices: Choices, *, name: str
) -> tuple[list[str], Cells]:
    """Return the names of the columns and the first rows, before it is known what they mean."""
    text = _decoded(head, encoding, name)
    if _is_json(text, name):
        return _keys(text)
    delimiter = _one_character(choices.delimiter) or guess_delimiter(text)
    return _numbered(*_first_rows(text, delimiter, name))


def _is_json(text: str, name: str) -> bool:
    first = next(table_lines(_lines(text))[1], "").strip()
    if not first:
        msg = Phrase(
            "{name} is empty; expected a first line with the names of the columns", name=name
        )
        raise ImportRefused(msg)
    return first.startswith("{")


def _numbered(headers: list[str], sample: Cells) -> tuple[list[str], Cells]:
    """Return numbers as the columns of a table without a header, whose first line is a row."""
    if not any(map(is_address, headers)):
        return headers, sample
    numbered = [f"column {number}" for number in range(1, len(headers) + 1)]
    rows = [dict(zip(numbered, row.values(), strict=False)) for row in sample]
    return numbered, [dict(zip(numbered, headers, strict=True)), *rows]


def _with_columns(
    layout: Layout, headers: list[str], sample: Cells, choices: Choices, name: str
) -> Layout:
    """Add to a layout which columns are read."""
    if not headers:  # a first line of JSON that is too long to look at, or broken
        mapping = checked(list(choices.mapping.values()), choices, name)
        return replace(layout, columns=mapping)
    folded = {fold(header) for header in headers}
    if folded >= _OWN or (layout.format == "jsonl" and "subscriptions" in folded):
        return _own(layout, headers, choices, name)
    profile = profile_of(headers) if layout.format == "columns" else None
    columns = columns_of(headers, sample, choices, name, profile)
    if not layout.has_header:
        columns = _with_name(columns, headers, sample)
    used = {*columns.fields.values(), *(column.header for column in columns.statuses)}
    unused = tuple(header for header in headers if header and header not in used)
    return replace(
        layout,
        format=profile.key if profile else layout.format,
        title=profile.title if profile else "",
        headers=tuple(headers),
        columns=columns.fields,
        statuses=columns.statuses,
        words=columns.words,
        watched=_watched(unused, choices, profile),
        unused=unused,
        ignored=frozenset(choices.ignored)
        | {field for field, header in choices.mapping.items() if not header},
        baseline=_baseline(profile, name),
    )


def _own(layout: Layout, headers: list[str], choices: Choices, name: str) -> Layout:
    """Return the layout of our own export: every column is a field of the same name."""
    columns = {meaning_of(header) or fold(header): header for header in headers if header}
    columns |= checked(headers, choices, name)
    return replace(
        layout,
        format="own" if layout.format == "columns" else layout.format,
        headers=tuple(headers),
        columns={field: header for field, header in columns.items() if header},
    )


def _with_name(columns: Columns, headers: list[str], sample: Cells) -> Columns:
    """Return the columns of a file without a header, with the name if there is one other column."""
    used = {*columns.fields.values(), *(column.header for column in columns.statuses)}
    others = [header for header in headers if header not in used]
    if "name" in columns.fields or len(others) != 1:
        return columns
    cells = [row.get(others[0], "") for row in sample]
    if any(char.isdigit() for cell in cells for char in cell):
        return columns
    return replace(columns, fields={**columns.fields, "name": others[0]})


def _watched(unused: Iterable[str], choices: Choices, profile: Profile | None) -> tuple[str, ...]:
    """Return the unused columns in which a status may appear: all but those that are ignored."""
    ignored = profile.ignored if profile else frozenset[str]()
    return tuple(
        header for header in unused if header not in choices.ignored and fold(header) not in ignored
    )


def _baseline(profile: Profile | None, name: str) -> SubscriptionState:
    contacts = profile is not None and profile.key == "mailchimp"
    if contacts and _NONSUBSCRIBED in fold(name):
        return SubscriptionState.PENDING
    return SubscriptionState.CONFIRMED


def guess_delimiter(text: str) -> str:
    """Return the delimiter that the first line names, or the one most frequent in it unquoted."""
    for line in _lines(text):
        if named := _SEPARATOR.fullmatch(line.strip(_AROUND)):
            return named.group(1)
        if _has_content(line):
            return max(",;\t|", key=re.sub(r'"[^"]*"', "", line).count)
    return ","


def table_lines(lines: Iterable[str]) -> tuple[int, Iterator[str]]:
    """Return the lines from the header on, and how many precede it.

    Those are empty, or Excel's line `sep=;`, which names the delimiter.
    """
    rest = iter(lines)
    for skipped, line in enumerate(rest):
        if _has_content(line) and not _SEPARATOR.fullmatch(line.strip(_AROUND)):
            return skipped, chain((line.lstrip("\ufeff"),), rest)
    return 0, iter(())


def names_of(cells: Iterable[str]) -> list[str]:
    """Return the names of columns in the form in which they are compared."""
    names: list[str] = []
    for cell in cells:
        name, number = cell.strip(), 1
        while name and name in names:  # a second "Status" must not be overlooked
            number += 1
            name = f"{cell.strip()} ({number})"
        names.append(name)
    return names


def _lines(text: str) -> Iterator[str]:
    """Yield lines as a file opened with newline="" does, split at line ends only."""
    return iter(io.StringIO(text, newline=""))


def _has_content(line: str) -> bool:
    return bool(line.strip(_AROUND + ' \t,;|"'))


def _one_character(delimiter: str) -> str:
    meant = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
    if len(meant) > 1 or meant in {'"', "\r", "\n"}:
        msg = Phrase(
            "the delimiter {delimiter!r} must be one character, such as ; or \\t for a tab",
            delimiter=delimiter,
        )
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
        msg = Phrase("{name} is not text; expected a table (CSV) or JSON lines", name=name)
        raise ImportRefused(msg, Remedy.ENCODING)
    return text


def _first_rows(text: str, delimiter: str, name: str) -> tuple[list[str], Cells]:
    """Return the names of the columns and the first rows."""
    table = csv.reader(table_lines(_lines(text))[1], delimiter=delimiter)
    try:
        headers = names_of(next(table))
    except csv.Error as error:
        msg = Phrase(
            "{name}, line 1: {error}; expected the names of the columns", name=name, error=error
        )
        raise ImportRefused(msg) from error
    if len(headers) > COLUMNS_LIMIT:
        msg = Phrase(
            "{name} has {headers} columns; at most {limit} are read",
            name=name,
            headers=len(headers),
            limit=COLUMNS_LIMIT,
        )
        raise ImportRefused(msg)
    sample: list[Mapping[str, str]] = []
    with suppress(csv.Error):  # reported with its line when the rows are read
        for row in islice(table, SAMPLE_ROWS):
            cells: dict[str, str] = {}
            for header, cell in zip(headers, row, strict=False):
                cells.setdefault(header, cell)
            sample.append(cells)
    return headers, sample


def _keys(text: str) -> tuple[list[str], Cells]:
    """Return the keys of the first JSON lines, and their values."""
    sample: list[Mapping[str, str]] = []
    for line in islice(_lines(text), SAMPLE_ROWS):
        with suppress(ValueError, RecursionError):  # reported with its line when the rows are read
            found = parsed(line)
            if isinstance(found, dict):
                sample.append({key: as_text(value) for key, value in found.items()})
    return list(dict.fromkeys(key for row in sample for key in row)), sample
