"""What the journal of submissions says about an issue: who got it, and who may have got it."""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from sys import intern

from newsletter.model.batch import Span
from newsletter.send.journal import FrozenIssue

ONE_BY_ONE = frozenset({"smtp"})
"""Providers that answer each message, and get the next one only after that."""
NOT_SENT = frozenset({"unsent", "refused"})
"""Outcomes after which only messages that were accepted one by one have been submitted."""


FOLDED = " folded"
"""Ends the last line of a file in which the lines about single messages are folded."""
_WITH_BOOT = 7
"""The number of fields of a claim that names the boot."""


@dataclass(slots=True)
class JournaledAttempt:
    """One attempt at a batch; `outcome` is empty if the worker did not live to record it.

    `complete` is false if the machine was started again since: answers may have been lost. Of an
    accepted attempt, `accepted` may be empty: all but the `declined` are.
    """

    seq: int
    attempt: int
    span: Span
    provider: str
    outcome: str = ""
    accepted: AbstractSet[int] = frozenset()
    declined: AbstractSet[int] = frozenset()
    complete: bool = True
    boot: str = ""

    def reached(self) -> list[Span]:
        """Return the deliveries that were accepted."""
        if self.outcome != "accepted":
            return [(number, number) for number in sorted(self.accepted)]
        return _without(self.span, self.declined)

    def doubtful(self) -> list[int]:
        """Return the deliveries that may have been accepted.

        A provider that answers each message gets the next one only after the answer, in order: the
        first one without an answer is the one that was in progress.
        """
        if self.outcome == "accepted" or self.outcome in NOT_SENT:
            return []
        answered = self.accepted | self.declined
        span = range(self.span[0], self.span[1] + 1)
        unanswered = [number for number in span if number not in answered]
        if self.provider in ONE_BY_ONE and (self.complete or self.outcome):
            return unanswered[:1]
        return unanswered

    @property
    def may_have_submitted(self) -> bool:
        """Return whether the attempt may have reached any recipient."""
        return bool(self.accepted) or self.outcome not in NOT_SENT


@dataclass(frozen=True, slots=True)
class JournaledIssue:
    """What the journal knows of one frozen issue."""

    frozen: FrozenIssue
    attempts: tuple[JournaledAttempt, ...]
    finished: str = ""

    @property
    def was_submitted(self) -> bool:
        """Return whether any recipient may have got the issue."""
        return any(attempt.may_have_submitted for attempt in self.attempts)

    @property
    def reached(self) -> int:
        """Return how many recipients got the issue for certain."""
        spans = merged(span for attempt in self.attempts for span in attempt.reached())
        return sum(last - first + 1 for first, last in spans)


class Ranges:
    """Ranges of deliveries, to look numbers up in."""

    def __init__(self, spans: Iterable[Span]) -> None:
        """Take the ranges in any order; they may overlap."""
        self._spans = merged(spans)
        self._firsts = [first for first, _ in self._spans]

    def __contains__(self, number: int) -> bool:
        """Return whether a delivery is in one of the ranges."""
        place = bisect_right(self._firsts, number) - 1
        return place >= 0 and number <= self._spans[place][1]

    def overlap(self, span: Span) -> bool:
        """Return whether one of the ranges has a delivery of this one."""
        place = bisect_right(self._firsts, span[1]) - 1
        return place >= 0 and span[0] <= self._spans[place][1]


class Attempts:
    """Attempts of an issue, to look up those at a range of deliveries."""

    def __init__(self, attempts: Iterable[JournaledAttempt]) -> None:
        """Take the attempts in any order; their ranges may overlap."""
        self._attempts = sorted(attempts, key=lambda attempt: attempt.span)
        self._firsts = [attempt.span[0] for attempt in self._attempts]
        spans = (attempt.span for attempt in self._attempts)
        self._longest = max((last - first for first, last in spans), default=0)

    def overlapping(self, span: Span) -> list[JournaledAttempt]:
        """Return the attempts at any delivery of a range."""
        begin = bisect_left(self._firsts, span[0] - self._longest)
        end = bisect_right(self._firsts, span[1])
        return [each for each in self._attempts[begin:end] if each.span[1] >= span[0]]


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return ranges in order, without overlaps."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def read(lines: Iterable[str], epoch: str | None = None, boot: str = "") -> JournaledIssue | None:
    """Return what the lines of an issue say about the database `epoch`, None if nothing.

    Without an epoch, return what they say about the last database that used the file. `boot`
    identifies the present boot of the machine.

    Lines that cannot be read are skipped: a crash may have cut one short.
    """
    frozen: FrozenIssue | None = None
    attempts: dict[tuple[int, int], JournaledAttempt] = {}
    finished = ""
    for line in lines:
        kind, _, rest = line.partition(" ")
        try:
            if kind == "I":
                header = FrozenIssue(**json.loads(rest))
                if frozen is None or header.epoch != frozen.epoch:
                    attempts, finished = {}, ""
                frozen = header
            elif kind == "E":
                finished = rest.removesuffix(FOLDED)
            else:
                _note(attempts, kind, rest.split(), boot)
        except (ValueError, TypeError, KeyError, IndexError):
            continue
    if frozen is None or epoch not in {None, frozen.epoch}:
        return None
    return JournaledIssue(frozen, tuple(attempts.values()), finished)


def _note(
    attempts: dict[tuple[int, int], JournaledAttempt], kind: str, rest: list[str], boot: str
) -> None:
    key = (int(rest[0]), int(rest[1]))
    match kind:
        case "C":
            span = (int(rest[2]), int(rest[3]))
            # Earlier versions wrote no boot, and had every answer on the disk.
            claimed_in = intern(rest[_WITH_BOOT - 1]) if len(rest) >= _WITH_BOOT else ""
            attempts[key] = JournaledAttempt(
                *key,
                span,
                intern(rest[4]),
                declined=_read(rest[5]),
                complete=not claimed_in or claimed_in == boot != "?",
                boot=claimed_in,
            )
        case "F":
            span = (int(rest[2]), int(rest[3]))
            attempts[key] = JournaledAttempt(
                *key, span, intern(rest[4]), "accepted", declined=_read(rest[5])
            )
        case "A":
            attempts[key].accepted |= _read(rest[2])
        case "N":
            attempts[key].declined |= _read(rest[2])
        case "R":
            attempts[key].outcome = intern(rest[2])
            attempts[key].declined |= _read(rest[3])
            if rest[2] == "accepted":  # memory must not grow with the list
                attempts[key].accepted = frozenset()
        case _:
            raise ValueError(kind)


def _read(numbers: str) -> AbstractSet[int]:
    """Read "3,7-9"; "-" is none."""
    if numbers == "-":
        return frozenset()
    found: set[int] = set()
    for part in numbers.split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def _without(span: Span, numbers: Iterable[int]) -> list[Span]:
    """Return a range in pieces, without these numbers."""
    pieces, first = [], span[0]
    for number in sorted(numbers):
        if first <= number - 1:
            pieces.append((first, number - 1))
        first = number + 1
    if first <= span[1]:
        pieces.append((first, span[1]))
    return pieces
