"""What sending asks of a provider, and what a provider may answer."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import starmap
from typing import NamedTuple, Protocol, Self, overload

from typing_extensions import override

from newsletter.model.personalization import substitutions
from newsletter.model.publication import Mailbox

FaultPoint = Callable[[str], None]
"""Called with the name of each step; the tests of sending kill the process inside it."""


def nowhere(_point: str) -> None:
    """Do nothing: the fault point of a process that nobody is testing."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What all recipients of a batch have in common; the texts and `headers` hold placeholders.

    `headers` are ASCII and complete but for From, To, Subject, Date and Message-ID; placeholders in
    them stand in their plain form. Nothing here names a recipient.
    """

    sender: Mailbox
    reply_to: Mailbox | None
    subject: str
    html: str
    text: str
    nonce: str
    date: datetime
    headers: tuple[tuple[str, str], ...] = ()
    categories: tuple[str, ...] = ()
    opens: bool = False
    clicks: bool = False


class Recipient(NamedTuple):
    """One recipient's values; `token` signs every link, `delivery` is the opaque stable id."""

    delivery: str
    address: str
    name: str
    token: str

    def replacements(self, nonce: str) -> dict[str, str]:
        """Map every placeholder of a letter with this nonce to this recipient's value."""
        values = {"token": self.token, "delivery": self.delivery, "name": self.name}
        return substitutions(nonce, values)


@dataclass(frozen=True, slots=True)
class Recipients(Sequence[Recipient]):
    """The recipients of a batch by column, as they come from the database and go into a body.

    To whoever takes them one by one they are a sequence.
    """

    deliveries: Sequence[str] = ()
    addresses: Sequence[str] = ()
    names: Sequence[str] = ()
    tokens: Sequence[str] = ()

    @classmethod
    def of(cls, recipients: Iterable[Recipient]) -> Self:
        """Turn recipients into columns, unless that is what they are."""
        if isinstance(recipients, cls):
            return recipients
        return cls(*zip(*recipients, strict=True))

    @override
    def __len__(self) -> int:
        return len(self.deliveries)

    @override
    def __iter__(self) -> Iterator[Recipient]:
        return starmap(Recipient, zip(*self._columns(), strict=True))

    @overload
    def __getitem__(self, place: int) -> Recipient: ...
    @overload
    def __getitem__(self, place: slice) -> Self: ...
    @override
    def __getitem__(self, place: int | slice) -> Recipient | Self:
        if isinstance(place, slice):
            return type(self)(*(column[place] for column in self._columns()))
        return Recipient(*(column[place] for column in self._columns()))

    def _columns(self) -> tuple[Sequence[str], ...]:
        return (self.deliveries, self.addresses, self.names, self.tokens)


@dataclass(frozen=True, slots=True)
class Shipment:
    """What is submitted in one call: a letter, its recipients, and the id of this attempt.

    With `last`, a recipient who is told to come later is refused: it has been so often enough.
    """

    attempt: str
    letter: Letter
    recipients: Sequence[Recipient]
    last: bool = False


class Verdict(StrEnum):
    """What is known after a call.

    UNSENT is only ever said when it is provable that nothing was accepted; UNKNOWN is said of
    everything else that is not a clear answer.
    """

    ACCEPTED = "accepted"
    UNSENT = "unsent"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one shipment.

    `refused` maps deliveries to the reason why they alone were refused. `reached` lists those that
    were accepted although the whole was not. With REFUSED or UNSENT nobody else was reached; with
    UNKNOWN that is open for every delivery that is neither in `refused`, `reached` nor `unsent`.
    `wait` is for how many seconds the provider asks us to come later; with `deferred` it speaks of
    the rest of this batch alone. `stop` asks for a person: the next batch would fare no better.
    """

    verdict: Verdict
    reason: str = ""
    message_id: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    reached: tuple[str, ...] = ()
    unsent: tuple[str, ...] = ()
    wait: float | None = None
    deferred: bool = False
    stop: bool = False


class Sender(Protocol):
    """A provider: submits one shipment and tells what became of it; it never tries again itself.

    `repeatable` says that submitting the same delivery twice cannot reach anybody twice.
    """

    @property
    def name(self) -> str:
        """Return the word for it in the configuration and the tables."""

    @property
    def max_batch(self) -> int:
        """Return how many recipients one call may have."""

    @property
    def repeatable(self) -> bool:
        """Return whether the same delivery may be submitted twice without harm."""

    def submit(self, shipment: Shipment) -> Outcome:
        """Submit; expected failures are outcomes, not exceptions."""
