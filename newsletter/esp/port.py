"""The provider port: what a stage asks of a provider, and what a provider may answer."""

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
"""Called with the name of each step. Crash tests kill the process inside it."""
OnAnswer = Callable[[str], None]
"""Called with a delivery id as soon as that one message was answered."""


def receiving_domain(address: str) -> str:
    """Return the domain of an address, written as "@example.com"."""
    return f"@{address.rpartition('@')[2].lower()}"


def nowhere(_point: str) -> None:
    """Do nothing: the fault point outside tests."""


def ignore_answer(_delivery: str) -> None:
    """Do nothing: the caller needs only the outcome of the whole call."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What all recipients of a batch have in common. Texts and `headers` contain placeholders.

    `headers` are ASCII and complete except for From, To, Subject, Date and Message-ID. They use the
    plain form of placeholders. A letter never names a recipient. `return_path` gives the envelope
    sender of a delivery; it is the sender's address if there is none. `opens` and `clicks` ask the
    provider to count them; `ticket` gives the value of the placeholder `ticket` for a delivery, if
    we count them.
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
    return_path: Callable[[str], str] | None = field(default=None, compare=False, repr=False)
    ticket: Callable[[str], str] | None = field(default=None, compare=False, repr=False)


class Recipient(NamedTuple):
    """One recipient's values. `token` signs every link; `delivery` is the opaque, stable id."""

    delivery: str
    address: str
    name: str
    token: str

    def replacements(self, nonce: str) -> dict[str, str]:
        """Map every placeholder with this nonce to this recipient's value."""
        values = {"token": self.token, "delivery": self.delivery, "name": self.name}
        return substitutions(nonce, values)


@dataclass(frozen=True, slots=True)
class Recipients(Sequence[Recipient]):
    """The recipients of a batch as columns, as the database returns them and a body needs them.

    It is also a sequence of `Recipient`.
    """

    deliveries: Sequence[str] = ()
    addresses: Sequence[str] = ()
    names: Sequence[str] = ()
    tokens: Sequence[str] = ()

    @classmethod
    def of(cls, recipients: Iterable[Recipient]) -> Self:
        """Turn recipients into columns; return columns unchanged."""
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
    """What one call submits: a letter, its recipients, and the id of this attempt.

    `last` turns a temporary refusal of a recipient into a final one: the limit of attempts is
    reached. `on_accepted` is for providers that answer message by message. They call it, in any
    thread, as each message is accepted, and before they transmit the content of the next message on
    that connection. After a crash, one message per connection is in doubt at most. If it raises,
    the call stops and the exception passes through. `on_declined` is called in the same way for
    each message that was answered but not accepted.

    `servers` is the order in which a provider with several servers may use them. `given_up` are the
    receiving domains that have deferred for too long: another deferral of theirs is final.
    """

    attempt: str
    letter: Letter
    recipients: Sequence[Recipient]
    last: bool = False
    servers: tuple[str, ...] = ()
    given_up: frozenset[str] = frozenset()
    on_accepted: OnAnswer = field(default=ignore_answer, compare=False, repr=False)
    on_declined: OnAnswer = field(default=ignore_answer, compare=False, repr=False)


class Verdict(StrEnum):
    """What is known after a call.

    UNSENT means that provably nothing was accepted. UNKNOWN is everything that is not a clear
    answer.
    """

    ACCEPTED = "accepted"
    UNSENT = "unsent"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one shipment.

    - `refused` maps deliveries to the reason why they alone were refused.
    - `reached` lists deliveries that were accepted although the whole shipment was not.
    - With REFUSED or UNSENT, no other delivery was accepted. With UNKNOWN, that is open for every
      delivery that is not in `refused`, `reached` or `unsent`.
    - `wait` is how many seconds the provider asks us to wait. With `deferred`, it concerns only the
      rest of this batch. With `held_back`, that rest was not even tried.
    - `slowed` maps servers and receiving domains (as "@example.com") to the reason why they should
      get fewer messages; `eased` are those that took messages well.
    - `stop` asks for a person: the next batch would fail in the same way.
    """

    verdict: Verdict
    reason: str = ""
    message_id: str = ""
    refused: Mapping[str, str] = field(default_factory=dict)
    reached: tuple[str, ...] = ()
    unsent: tuple[str, ...] = ()
    wait: float | None = None
    deferred: bool = False
    held_back: bool = False
    slowed: Mapping[str, str] = field(default_factory=dict, compare=False)
    eased: frozenset[str] = field(default=frozenset(), compare=False)
    stop: bool = False


class Sender(Protocol):
    """A provider: submits one shipment and reports the outcome. It never retries.

    `repeatable` states that submitting the same delivery twice cannot reach a recipient twice.
    """

    @property
    def name(self) -> str:
        """Return the name used in the configuration and in tables."""

    @property
    def max_batch(self) -> int:
        """Return how many recipients one call may have."""

    @property
    def repeatable(self) -> bool:
        """Return whether the same delivery may be submitted twice without harm."""

    def submit(self, shipment: Shipment) -> Outcome:
        """Submit; expected failures are outcomes, not exceptions."""
