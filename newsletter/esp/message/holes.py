"""A text split at its placeholders."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Holes:
    """The constant pieces of a text, and the placeholders between them."""

    constants: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def split(cls, text: str, placeholders: Sequence[str]) -> "Holes":
        """Split a text where `personalization.fill` would fill it."""
        if not placeholders:
            return cls((text,), ())
        found = re.compile("|".join(map(re.escape, placeholders)))
        return cls(tuple(found.split(text)), tuple(found.findall(text)))

    def values(self, replacements: Mapping[str, str]) -> list[str]:
        """Return the value of each hole."""
        return [replacements[name] for name in self.names]

    def fill(self, replacements: Mapping[str, str]) -> str:
        """Return the text with its holes filled."""
        pieces = [""] * (2 * len(self.names) + 1)
        pieces[::2] = self.constants
        pieces[1::2] = self.values(replacements)
        return "".join(pieces)
