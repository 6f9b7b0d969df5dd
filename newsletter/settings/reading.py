"""Read a configuration table by table and collect every error, each with its line.

A getter that finds a wrong value records a complaint and returns the default, so that one reading
finds all errors. Asking for a key makes it known; `Table.finish` reports the unknown keys.
"""

import difflib
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from typing_extensions import override

from newsletter.errors import ConfigurationError
from newsletter.settings.lines import Path

T = TypeVar("T")
Word = TypeVar("Word", bound=str)

_KINDS: Mapping[type, str] = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "a table",
}


@dataclass(frozen=True, slots=True, order=True)
class Complaint:
    """One error: the line (0 if unknown), the key, and what was expected."""

    file: str
    line: int
    key: str
    what: str

    @override
    def __str__(self) -> str:
        """Return `file:line: key: what`, the form in which editors jump to the line."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}: {self.what}" if self.key else f"{place}: {self.what}"


@dataclass(slots=True)
class Report:
    """The complaints about one file, and every key asked for (`*` for a chosen name)."""

    file: str
    lines: Mapping[Path, int] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def complain(self, path: Path, what: str) -> None:
        """Record an error of the key at `path`; a missing key gets the line of its table."""
        line = 0
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                line = self.lines[path[:length]]
                break
        self.complaints.append(Complaint(self.file, line, ".".join(path), what))


def refuse(complaints: list[Complaint]) -> None:
    """Raise one ConfigurationError with all complaints in the order of the file."""
    if complaints:
        raise ConfigurationError("\n".join(map(str, sorted(complaints))))


def nearest(word: str, known: set[str]) -> str:
    """Return a question that suggests the most similar known word; empty if none is similar."""
    near = difflib.get_close_matches(word, sorted(known), n=1, cutoff=0.6)
    return f'did you mean "{near[0]}"?' if near else ""


def shown(value: object) -> str:
    """Return a value as it is written in the file, short enough for one line."""
    most = 60
    if isinstance(value, bool):
        return str(value).lower()
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _is_control(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cs"}


class Table:
    """A table of the file; `pattern` is its path with `*` for names that the publisher chose."""

    def __init__(
        self, values: Mapping[str, Any], path: Path, pattern: Path, report: Report
    ) -> None:
        """Wrap the parsed values of the table at `path`."""
        self.values = values
        self.path = path
        self.pattern = pattern
        self.report = report
        self._known: set[str] = set()

    def complain(self, key: str, what: str) -> None:
        """Record an error of `key`, or of the table itself if `key` is empty."""
        self.report.complain((*self.path, key) if key else self.path, what)

    def text(self, key: str, default: str = "", *, required: str = "", lines: bool = False) -> str:
        """Return a string of one line, or of several if `lines`.

        A key with `required`, the description of what is expected, must be present. Control
        characters are refused because these strings reach email headers.
        """
        value = self._value(key, str)
        if value and any(_is_control(char) and not (lines and char == "\n") for char in value):
            self.complain(key, f"found {value!r}; expected a string without control characters")
            return default
        if value is None or not value.strip():
            if required and not self._wrongly_typed(key, str):
                self.complain(key, f"is missing; expected {required}")
            return default
        return str(value).strip()

    def flag(self, key: str, *, default: bool) -> bool:
        """Return a boolean."""
        value = self._value(key, bool)
        return default if value is None else bool(value)

    def count(self, key: str, default: int, *, least: int = 0) -> int:
        """Return a whole number of `least` or more."""
        value = self._value(key, int)
        if value is None:
            return default
        if value < least:
            self.complain(key, f"found {value}; expected {least} or more")
            return default
        return int(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of strings."""
        value = self._value(key, list)
        if value is None:
            return ()
        wrong = [entry for entry in value if not isinstance(entry, str) or not entry.strip()]
        if wrong:
            self.complain(
                key, f'found {shown(wrong[0])} in the list; expected strings, ["like", "this"]'
            )
        return tuple(text for entry in value if isinstance(entry, str) and (text := entry.strip()))

    def choice(self, key: str, default: Word, options: tuple[Word, ...]) -> Word:
        """Return one of the options."""
        value = self._value(key, str)
        if value is None:
            return default
        for option in options:
            if option == value:
                return option
        expected = ", ".join(f'"{option}"' for option in options)
        hint = nearest(value, set(options))
        self.complain(key, f'found "{value}"; expected one of {expected}{hint and f"; {hint}"}')
        return default

    def parsed(self, key: str, default: T, parse: Callable[[str], T]) -> T:
        """Return `parse` of a string or number; its ValueError becomes the complaint."""
        found = self.values.get(key)
        text = str(found) if type(found) in {int, float} else self.text(key)
        self._note_known(key)
        if not text:
            return default
        try:
            return parse(text)
        except ValueError as error:
            self.complain(key, str(error))
            return default

    def table(self, key: str) -> "Table":
        """Return the table at `key`; a missing one is empty."""
        values = self._value(key, dict)
        return Table(values or {}, (*self.path, key), (*self.pattern, key), self.report)

    def tables(self, key: str) -> Iterator[tuple[str, "Table"]]:
        """Yield the tables under `key`, whose names the publisher chose."""
        section = self.table(key)
        pattern = (*section.pattern, "*")
        for name, values in section.values.items():
            path = (*section.path, name)
            if isinstance(values, dict):
                yield name, Table(values, path, pattern, self.report)
            else:
                self.report.complain(
                    path, f"found {shown(values)}; expected a table [{key}.{name}]"
                )

    def rows(self, key: str) -> Iterator["Table"]:
        """Yield the tables of a list, such as `sections = [{ title = "Trade" }]`."""
        value = self._value(key, list)
        pattern = (*self.pattern, key, "*")
        for number, values in enumerate(value or (), 1):
            if isinstance(values, dict):
                yield Table(values, (*self.path, key, str(number)), pattern, self.report)
            else:
                self.complain(key, f"found {shown(values)} in the list; expected tables, [{{ … }}]")

    def entries(self, key: str) -> Iterator[tuple[str, str]]:
        """Yield the strings of the table at `key`, whose names the publisher chose."""
        section = self.table(key)
        for name, value in section.values.items():
            if isinstance(value, str):
                yield name, value.strip()
            else:
                section.complain(name, f"found {shown(value)}; expected a string")

    def counts(self, key: str, *, least: int) -> Iterator[tuple[str, int]]:
        """Yield the whole numbers of the table at `key`, whose names the publisher chose."""
        section = self.table(key)
        for name, value in section.values.items():
            if type(value) is int and value >= least:
                yield name, value
            else:
                expected = f"expected a whole number of {least} or more"
                section.complain(name, f"found {shown(value)}; {expected}")

    def finish(self) -> None:
        """Report every key that was not asked for."""
        for key in self.values:
            if key not in self._known:
                hint = nearest(key, self._known) or f"known keys: {', '.join(sorted(self._known))}"
                self.complain(key, f"unknown key; {hint}")

    def _value(self, key: str, kind: type) -> Any:  # noqa: ANN401 - what the file holds
        self._note_known(key)
        if key not in self.values:
            return None
        value = self.values[key]
        if self._wrongly_typed(key, kind):
            self.complain(key, f"found {shown(value)}; expected {_KINDS[kind]}")
            return None
        return value

    def _note_known(self, key: str) -> None:
        self._known.add(key)
        self.report.asked.add(".".join((*self.pattern, key)))

    def _wrongly_typed(self, key: str, kind: type) -> bool:
        # Not isinstance: a bool is an int in Python, but `rate = true` is an error.
        value = self.values.get(key)
        return value is not None and type(value) is not kind
