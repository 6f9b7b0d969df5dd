"""A phrase of the program as a value: its English text, and what it was made from."""

from collections.abc import Iterable, Mapping
from typing import Any, Self


class Phrase(str):
    """An English sentence, or a part of one, that a page can show in another language.

    It is a text: it is printed, compared and stored like any other. Besides, it keeps the pattern,
    which is its key in the catalogs of phrases, and the values of the {names} in it. A value may
    be a phrase, too.
    """

    __slots__ = ("pattern", "values")

    pattern: str
    values: Mapping[str, Any]

    def __new__(cls, pattern: str, /, **values: Any) -> Self:  # noqa: ANN401 - what it names
        """Fill a pattern."""
        made = super().__new__(cls, pattern.format(**values) if values else pattern)
        made.pattern = pattern
        made.values = values
        return made


def joined(parts: Iterable[str], between: str = "; ") -> str:
    """Return phrases as one, which keeps those that it is made of; empty without any."""
    named = {f"part{number}": part for number, part in enumerate(filter(None, parts))}
    return Phrase(between.join(f"{{{name}}}" for name in named), **named) if named else ""


def without(text: str, part: str, instead: str) -> str:
    """Replace a part of a phrase; it is in the values only."""
    if not isinstance(text, Phrase):
        return text.replace(part, instead)
    replaced = {
        name: value.replace(part, instead) if type(value) is str else value
        for name, value in text.values.items()
    }
    return Phrase(text.pattern, **replaced)
