"""Batches: the deliveries that are submitted in one call to the provider."""

import re
from dataclasses import dataclass
from datetime import datetime

from newsletter.model.row_number import row_numbers
from newsletter.model.states import BatchState

_BATCH = re.compile(r"([1-9][0-9]{0,9})\.([1-9][0-9]{0,9})", re.ASCII)
_ATTEMPT = re.compile(_BATCH.pattern + r":([1-9][0-9]{0,8})", re.ASCII)

BatchKey = tuple[int, int]
"""The issue and the number of a batch within it."""
Span = tuple[int, int]
"""The first and the last delivery of a range."""


def batch_id(issue_id: int, seq: int) -> str:
    """Return the id of a batch as people and providers see it."""
    return f"{issue_id}.{seq}"


def attempt_id(batch: str, attempt: int) -> str:
    """Return the id of one attempt; it travels with every email of the batch."""
    return f"{batch}:{attempt}"


def read_batch(text: str) -> BatchKey | None:
    """Return (issue, seq) of a batch id, or None if `text` is not one."""
    found = _BATCH.fullmatch(text)
    numbers = row_numbers(found[1], found[2]) if found else None
    return (numbers[0], numbers[1]) if numbers else None


def read_attempt(text: str) -> tuple[int, int, int] | None:
    """Return (issue, seq, attempt) of an attempt id, or None if `text` is not one."""
    found = _ATTEMPT.fullmatch(text)
    numbers = row_numbers(found[1], found[2], found[3]) if found else None
    return (numbers[0], numbers[1], numbers[2]) if numbers else None


@dataclass(frozen=True, slots=True)
class Batch:
    """A stored batch: a range of deliveries of one edition, its state and its counters.

    `unknown_at` is set once an attempt had an unknown outcome, and stays set. `arm` is set if two
    subjects are tested; a batch of the rest waits until one of them is chosen.
    """

    issue_id: int
    seq: int
    edition_id: int
    first_seq: int
    last_seq: int
    provider: str
    state: BatchState
    attempt: int
    owner: str
    lease_until: datetime | None
    not_before: datetime | None
    unknown_at: datetime | None
    settled_at: datetime | None
    reason: str
    rejections: int
    planned: int
    submitted: int
    refused: int
    withdrawn: int
    arm: str = ""

    @property
    def key(self) -> BatchKey:
        """Return what identifies the batch in the database."""
        return (self.issue_id, self.seq)

    @property
    def id(self) -> str:
        """Return the id that people and providers see."""
        return batch_id(self.issue_id, self.seq)

    @property
    def span(self) -> Span:
        """Return the range of its deliveries."""
        return (self.first_seq, self.last_seq)

    @property
    def awaiting(self) -> int:
        """Return how many recipients are not settled one by one."""
        return self.planned - self.submitted - self.refused - self.withdrawn


@dataclass(frozen=True, slots=True)
class Planned:
    """A batch as it is laid out: a range of deliveries of one edition.

    A piece that is split off another batch has fewer `recipients` than its range, and keeps the
    `rejections` and the doubt (`unknown_at`) of that batch.
    """

    seq: int
    edition_id: int
    first: int
    last: int
    not_before: datetime | None = None
    recipients: int | None = None
    rejections: int = 0
    unknown_at: datetime | None = None
    arm: str = ""

    @property
    def people(self) -> int:
        """Return how many recipients the batch has."""
        return self.last - self.first + 1 if self.recipients is None else self.recipients


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to submit a batch once, until its lease ends.

    `unknown_at` is set when an earlier attempt had an unknown outcome: some recipients may already
    have the email. `servers` is the order in which the provider's servers may be used. `due_at` is
    set with reader time: when the batch might leave, if it had to wait.
    """

    issue_id: int
    seq: int
    attempt: int
    newsletter: str
    edition_id: int
    provider: str
    owner: str
    first: int
    last: int
    rejections: int
    lease_until: datetime
    unknown_at: datetime | None = None
    servers: tuple[str, ...] = ()
    due_at: datetime | None = None

    @property
    def key(self) -> BatchKey:
        """Return what identifies the batch in the database."""
        return (self.issue_id, self.seq)

    @property
    def batch(self) -> str:
        """Return the batch's id."""
        return batch_id(self.issue_id, self.seq)

    @property
    def id(self) -> str:
        """Return the id of this attempt."""
        return attempt_id(self.batch, self.attempt)


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt changes: the batch's new state and how many recipients it settled.

    `refused` counts recipients refused one by one; `submitted` those accepted although the batch
    was not. An ACCEPTED batch has submitted all others. The deliveries from `cut` on become a
    batch of their own.
    """

    state: BatchState
    reason: str = ""
    message_id: str = ""
    not_before: datetime | None = None
    refused: int = 0
    submitted: int = 0
    rejected: bool = False
    cut: int | None = None

    @property
    def halved(self) -> bool:
        """Return whether a refusal cut the batch in two: each half is tried separately."""
        return self.rejected and self.cut is not None
