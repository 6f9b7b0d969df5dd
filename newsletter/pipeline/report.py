"""What a pass says of itself: lines for people, and how gravely they matter."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum


class Level(IntEnum):
    """How a line matters; the gravest one decides the exit code."""

    WELL = 0
    WAITS = 1
    FAILED = 2


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of a report, and the stage that says it."""

    stage: str
    says: str
    level: Level = Level.WELL


@dataclass(frozen=True, slots=True)
class Step:
    """A named piece of a pass."""

    name: str
    work: Callable[[], Iterable[Line]]
