"""A test of two subjects: who gets which one first, and when the rest follows."""

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from newsletter.model.duration import duration

PRIME = 2**31 - 1
FIRST, SECOND = 16_807, 48_271
"""Multipliers of Lehmer generators modulo PRIME; all products fit 63 bits, as databases need."""
BUCKETS = 10_000
"""A subscriber is in one bucket of each issue."""


class Arm(StrEnum):
    """A part of the recipients: A and B get their subject first, the REST gets the winner's."""

    A = "a"
    B = "b"
    REST = "rest"


@dataclass(frozen=True, slots=True)
class SubjectTest:
    """The second subject of an issue, and how it is tested against the first.

    `share` percent of the recipients get a subject first, half of them each. `decide_after` the
    audience is frozen, the rest gets the first subject if no one has chosen.
    """

    subject: str
    share: int = 20
    decide_after: timedelta = timedelta(hours=4)

    @property
    def half(self) -> int:
        """Return how many buckets get each subject first."""
        return self.share * BUCKETS // 200


def read_test(subject: str, share: str = "", after: str = "") -> SubjectTest:
    """Return the test that a person describes: 20% and 4h; raise ValueError.

    What is empty has its default.
    """
    default = SubjectTest(subject)
    percent = re.fullmatch(r"(\d{1,3}) ?%?", share or f"{default.share}%", re.ASCII)
    if percent is None:
        msg = f"the share is “{share}”; expected a percentage such as 20%"
        raise ValueError(msg)
    wait = duration(after) if after else default.decide_after
    return SubjectTest(subject, int(percent[1]), wait)


def bucket(subscriber_id: int, issue_id: int) -> int:
    """Return the bucket of a subscriber; `store.sending.arms` has the same for the database."""
    mixed = (subscriber_id % PRIME * SECOND + issue_id * FIRST % PRIME) % PRIME
    return (mixed * mixed % PRIME + subscriber_id % PRIME) % PRIME * SECOND % PRIME % BUCKETS


def arm_of(subscriber_id: int, issue_id: int, test: SubjectTest) -> Arm:
    """Return the arm of a subscriber: always the same for the same issue."""
    found = bucket(subscriber_id, issue_id)
    if found < test.half:
        return Arm.A
    return Arm.B if found < 2 * test.half else Arm.REST
