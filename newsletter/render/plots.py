"""Plots as values: what is drawn, and the drawing.

A plot never carries a fact alone: the caller prints a table beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "warn", "bad", "soft", "ink"]
"""How a series is colored; the names are classes of the style sheets."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of numbers, in the order of the labels of its plot."""

    name: str
    tone: Tone
    values: Sequence[int]


@dataclass(frozen=True, slots=True)
class Plot:
    """What a plot shows: a title, a sentence for screen readers, a label for each position.

    `name` makes the ids in the page unique.
    """

    name: str
    title: str
    summary: str
    labels: Sequence[str]
    series: Sequence[Series]


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn plot. A page prints it as it is."""

    svg: str

    def __html__(self) -> str:
        """Return the markup, which templates do not escape."""
        return self.svg
