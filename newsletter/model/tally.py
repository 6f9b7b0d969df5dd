"""Tallies: how many events of each kind an issue got, along an axis; pure."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from newsletter.model.event import EventKind

BY_THE_HOUR = timedelta(days=3)
"""How long after the start of sending events are counted by the hour; after that, by the day."""
COUNTED_FOR = timedelta(days=90)
"""Later events count for the last day of this period, so that the number of rows is limited."""
TALLIED = frozenset(
    {
        EventKind.DEFERRED,
        EventKind.DELIVERED,
        EventKind.SOFT_BOUNCED,
        EventKind.BLOCKED,
        EventKind.BOUNCED,
        EventKind.DROPPED,
        EventKind.COMPLAINED,
    }
)
"""The kinds of events that are tallied as they are recorded.

An unsubscribe is tallied when a subscription ends, however it was asked for.
"""
HOUR = timedelta(hours=1)


class Axis(StrEnum):
    """What a tally is broken down by: the hour in which the event happened, or the domain."""

    HOUR = "hour"
    DOMAIN = "domain"

    # Enum's is written in Python, and each event counts along both.
    __hash__ = str.__hash__


@dataclass(frozen=True, slots=True, order=True)
class EventTally:
    """A number of events of one kind; `value` is an hour since 1970, or a domain ("": others)."""

    issue_id: int
    axis: Axis
    value: str
    kind: EventKind
    number: int


class Happened(NamedTuple):
    """One event of an issue that is tallied; `domain` is "" if it has no counter of its own."""

    issue_id: int
    kind: EventKind
    at: datetime
    domain: str | None = None


def period(at: datetime, began: datetime) -> int:
    """Return the hour since 1970 in which an event counts, for sending that began at `began`."""
    latest = min(max(at, began), began + COUNTED_FOR)
    hour = int(latest.timestamp()) // 3600
    return hour if latest < began + BY_THE_HOUR else hour - hour % 24


def start_of(value: str) -> datetime:
    """Return when the period of a tally by the hour begins."""
    return datetime.fromtimestamp(int(value) * 3600, UTC)


def tallied(events: Counter[Happened], began: dict[int, datetime]) -> list[EventTally]:
    """Add events up; `began` has the start of sending of each issue.

    Many events are equal except for the domain, and times are slow to compute with.

    An event whose `domain` is None counts by the hour only. The order of events does not matter.
    """
    counter: Counter[tuple[int, Axis, str, EventKind]] = Counter()
    for (issue_id, kind, at, domain), number in events.items():
        hour = str(period(at, began[issue_id]))
        counter[issue_id, Axis.HOUR, hour, kind] += number
        if domain is not None:
            counter[issue_id, Axis.DOMAIN, domain, kind] += number
    return sorted(EventTally(*key, number) for key, number in counter.items())
