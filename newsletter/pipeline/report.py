"""What a pass says of itself: lines for people, and how gravely they matter."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum

import sqlalchemy as sa


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


def in_words(error: Exception) -> str:
    """Say in one line what stopped a piece of work, and what to do next where that is known."""
    match error:
        case sa.exc.DBAPIError():
            what = (str(error.orig).splitlines() or [""])[0]
            return f"the database does not answer as expected: {what}; try `newsletter doctor`"
        case OSError():
            return f"{error.filename or 'a file'} cannot be used: {error.strerror or error}"
        case _:
            return str(error)


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: 1 batch, 1,200 batches."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
