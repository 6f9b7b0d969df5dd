"""What a pass did, as it is recorded and shown: its lines, and the figures at its end."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum, StrEnum

WHOLE = "pass"
"""The part of a report that covers everything; `serve` makes its passes in several parts."""


class StepName(StrEnum):
    """The pieces of a pass; the lines of a report name the one that they are from."""

    JOURNALS = "journals"
    MAILBOX = "mailbox"
    EVENTS = "events"
    NOTICES = "notices"
    RECONCILE = "reconcile"
    SEND = "send"
    FREEZE = "freeze"
    LANE = "lane"
    COLLECT = "collect"
    SOURCE = "source"
    DRAFT = "draft"
    RENDER = "render"
    APPROVE = "approve"
    WELCOME = "welcome"
    INACTIVE = "inactive"
    IMPORTS = "imports"
    REPORTS = "reports"
    GROWTH = "growth"
    SUPPRESSIONS = "suppressions"
    RETENTION = "retention"
    BACKUP = "backup"
    WATCH = "watch"
    STATUS = "status"


class Level(IntEnum):
    """How serious a line is; the most serious one decides the exit code."""

    OK = 0
    WAITS = 1
    FAILED = 2


@dataclass(frozen=True, slots=True)
class PassLine:
    """One outcome of a pass. `step` holds the values of a next step, if there is one."""

    stage: str
    message: str
    level: Level
    step: Mapping[str, object] | None = None

    @property
    def cause(self) -> str:
        """Return what this line is about, the same while only numbers and times in it change."""
        return f"{self.stage}: {re.sub(r'[0-9]+', '#', self.message)}"


@dataclass(frozen=True, slots=True)
class Figures:
    """Where everything was at the end of a pass.

    `issues` and `batches` count the unfinished ones by state, `waiting` those that wait for a person.
    `unknown` counts recipients of whom it is not known whether they have an issue. `next_slots` are
    the times of the next slots in UTC, by newsletter.
    """

    sources: int = 0
    sources_failing: int = 0
    articles_new: int = 0
    issues: Mapping[str, int] = field(default_factory=dict)
    waiting: int = 0
    batches: Mapping[str, int] = field(default_factory=dict)
    unknown: int = 0
    next_slots: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PassReport:
    """The report of one pass, or of one part of it; `number` is 0 until it is recorded."""

    part: str
    began_at: datetime
    ended_at: datetime
    lines: tuple[PassLine, ...]
    figures: Figures
    number: int = 0

    @property
    def level(self) -> Level:
        """Return the most serious level."""
        return max((line.level for line in self.lines), default=Level.OK)
