"""Which subscribers get an issue, which do not, and why."""

from subscribers.audience.question import (
    WORD,
    Interest,
    Question,
    excluded,
    interests,
    members,
    reachable,
    reached,
)
from subscribers.audience.summary import Summary, summarize, why

__all__ = [
    "WORD",
    "Interest",
    "Question",
    "Summary",
    "excluded",
    "interests",
    "members",
    "reachable",
    "reached",
    "summarize",
    "why",
]
