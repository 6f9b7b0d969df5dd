"""Which subscribers get an issue, which do not, and why."""

from subscribers.audience.question import (
    WORD,
    Interest,
    Question,
    excluded,
    has_subscribers,
    interests,
    members,
    reachable,
    reached,
    subscribed_elsewhere,
)
from subscribers.audience.summary import (
    confirmed_by_month,
    count,
    examples,
    exclusions,
    why,
)
from subscribers.audience.timezones import timezones

__all__ = [
    "WORD",
    "Interest",
    "Question",
    "confirmed_by_month",
    "count",
    "examples",
    "excluded",
    "exclusions",
    "has_subscribers",
    "interests",
    "members",
    "reachable",
    "reached",
    "subscribed_elsewhere",
    "timezones",
    "why",
]
