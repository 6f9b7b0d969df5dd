"""Read segment expressions with the configuration, so that an invalid one never reaches an issue."""

from collections.abc import Collection, Mapping

from newsletter.settings.reading import Table
from subscribers.errors import SegmentError
from subscribers.model import slug
from subscribers.segment import parse

_RESERVED = ("and", "or", "not", "everyone", "")


def saved_segments(table: Table, topics: Collection[str]) -> dict[str, str]:
    """Return the named expressions of [segments]; report those that cannot be parsed.

    A segment may not have the name of a topic: one would hide the other wherever it is used.
    """
    found = dict(table.entries("segments"))
    section = table.table("segments")
    for name, expression in found.items():
        if slug(name) in {*topics, *_RESERVED}:
            section.complain(name, "is already used for something else; choose another name")
        _check(section, name, expression, found)
    return found


def segment(table: Table, key: str, saved: Mapping[str, str], default: str) -> str:
    """Return the expression at `key`; report it if it cannot be parsed."""
    expression = table.text(key, default)
    _check(table, key, expression, saved)
    return expression


def _check(table: Table, key: str, expression: str, saved: Mapping[str, str]) -> None:
    try:
        parse(expression, saved)
    except SegmentError as error:
        table.complain(key, f"found '{expression}'; column {error.column}: {error.expected}")
