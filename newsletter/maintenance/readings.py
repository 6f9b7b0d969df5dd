"""The result of a check of the installation."""

from dataclasses import dataclass
from enum import StrEnum

from newsletter.model.next_step import NextStep


class Health(StrEnum):
    """OK; works, but something should be done; does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of one check; `advice` and `next_step` are empty if nothing is to be done.

    `checked` is False if nothing answered that could have been asked.
    """

    health: Health
    subject: str
    message: str
    advice: str = ""
    next_step: NextStep | None = None
    checked: bool = True


def ok(subject: str, message: str) -> Reading:
    """Report that something works."""
    return Reading(Health.OK, subject, message)
