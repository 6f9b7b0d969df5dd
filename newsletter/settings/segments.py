"""Segments are read when the configuration is, so that a bad one never meets an audience."""

from collections.abc import Collection, Mapping

from newsletter.settings.reading import Table
from subscribers.errors import SegmentError
from subscribers.model import slug
from subscribers.segment import parse

_RESERVED = ("and", "or", "not", "everyone", "")


def saved_segments(table: Table, topics: Collection[str]) -> dict[str, str]:
    """Return the named expressions of [segments]; what does not read goes to the report.

    A name must not be a topic's: the one would hide the other wherever it is used.
    """
    found = dict(table.entries("segments"))
    section = table.table("segments")
    for name, expression in found.items():
        if slug(name) in {*topics, *_RESERVED}:
            section.complain(name, "already means something in segments; expected another name")
        _check(section, name, expression, found)
    return found


def segment(table: Table, key: str, saved: Mapping[str, str], default: str) -> str:
    """Return the expression at `key`, read once to see that it can be."""
    expression = table.text(key, default)
    _check(table, key, expression, saved)
    return expression


def _check(table: Table, key: str, expression: str, saved: Mapping[str, str]) -> None:
    try:
        parse(expression, saved)
    except SegmentError as error:
        table.complain(key, f"found '{expression}'; column {error.column}: {error.expected}")
