"""What a pass reports: one line per outcome, and how serious it is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import sqlalchemy as sa

from newsletter.errors import NewsletterError
from newsletter.model.next_step import NextStep, RunCheckup
from newsletter.model.pass_report import Level, StepName

__all__ = [
    "Level",
    "Line",
    "Part",
    "Perform",
    "Step",
    "StepName",
    "counted",
    "described",
    "failure",
]


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of a report, the stage that wrote it, and what a person may do next.

    `alerted` says that staff get an alert of their own about it.
    """

    stage: str
    message: str
    level: Level = Level.OK
    next_step: NextStep | None = None
    alerted: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A piece of a pass as a value, so that it can become a job.

    `key` limits it to one newsletter, source or issue; empty means that it is about all of them.
    """

    name: StepName
    key: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A pass, or a part of it: its steps, and those that go on beside a longer one."""

    name: str
    steps: list[Step]
    beside: Mapping[StepName, Sequence[Step]] = field(default_factory=dict)


Perform = Callable[[Step], Iterable[Line]]
"""Does the work of a step and reports it line by line."""


def failure(stage: str, error: Exception, prefix: str = "") -> Line:
    """Return the line for an expected error that stopped a stage."""
    message, step = described(error)
    return Line(stage, f"{prefix}{message}", Level.FAILED, step)


def described(error: Exception) -> tuple[str, NextStep | None]:
    """Describe an expected error in one line, with what to do next where that is known."""
    match error:
        case sa.exc.DBAPIError():
            what = (str(error.orig).splitlines() or [""])[0]
            return f"the database does not answer as expected: {what}", RunCheckup()
        case NewsletterError():
            return str(error), error.next_step
        case OSError(filename=None):
            return f"the system reports an error: {(error.strerror or str(error)).lower()}", None
        case OSError():
            return f"{error.filename} cannot be used: {error.strerror or error}", None
        case _:
            return str(error), None


def counted(number: int, noun: str, plural: str = "") -> str:
    """Write a number with its noun: 1 batch, 1,200 batches."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
