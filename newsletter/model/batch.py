"""The deliveries that are submitted in one call to the provider: states and identity."""

import re
from dataclasses import dataclass
from datetime import datetime

from newsletter.model.states import BatchState

_BATCH = re.compile(r"([1-9][0-9]{0,17})\.([1-9][0-9]{0,17})", re.ASCII)
_ATTEMPT = re.compile(_BATCH.pattern + r":([1-9][0-9]{0,8})", re.ASCII)


def batch_id(issue_id: int, seq: int) -> str:
    """Return the id of a batch as people and providers see it."""
    return f"{issue_id}.{seq}"


def attempt_id(batch: str, attempt: int) -> str:
    """Return the id of one attempt; it travels with every mail of the batch."""
    return f"{batch}:{attempt}"


def read_batch(text: str) -> tuple[int, int] | None:
    """Return (issue, seq) of a batch id, or None when it is not one."""
    found = _BATCH.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


def read_attempt(text: str) -> tuple[int, int, int] | None:
    """Return (issue, seq, attempt) of an attempt id, or None when it is not one of ours."""
    found = _ATTEMPT.fullmatch(text)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None


@dataclass(frozen=True, slots=True)
class Planned:
    """A batch as it is laid out at the freeze: a range of deliveries of one edition."""

    seq: int
    edition_id: int
    first: int
    last: int
    not_before: datetime | None = None

    @property
    def people(self) -> int:
        """Return how many deliveries the range holds."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to submit a batch once, until its lease ends.

    `unknown_at` is set when an earlier attempt was in doubt: it may have reached them.
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
    """What an attempt changes: the batch's new state, and how many people it settled.

    `refused` and `withdrawn` count deliveries settled one by one; `submitted` those accepted
    although the batch was not. An ACCEPTED batch has submitted everybody else. What begins with the
    delivery `cut` becomes a batch of its own.
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
        """Return whether both pieces were refused: they are tried apart, to see which was meant."""
        return self.rejected and self.cut is not None
