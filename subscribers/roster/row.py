"""What one row of a list asks for; values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from subscribers.model import EmailAddress, Frequency, SubscriptionState, SuppressionReason, Tag


@dataclass(frozen=True, slots=True)
class Terms:
    """What the words of a file mean here, and what the importer attests.

    `topics` maps the slug of every name and alias of a topic to its tag, `newsletters` the slug of
    every key and title to a key. `attest` says where and when all subscribers in the file agreed.
    A consent after `now` is not one.
    """

    file: str
    now: datetime
    topics: Mapping[str, Tag] = field(default_factory=dict)
    newsletters: Mapping[str, str] = field(default_factory=dict)
    into: tuple[str, ...] = ()
    attest: str = ""


@dataclass(frozen=True, slots=True)
class ConsentProof:
    """A record of consent in a file; `attested` means that the importer vouches for it."""

    newsletter: str
    act: str
    at: datetime | None
    source: str
    wording: str = ""
    network: str = ""
    attested: bool = False


@dataclass(frozen=True, slots=True)
class WantedSubscription:
    """The subscription that a row asks for; CONFIRMED only if consent is attested."""

    newsletter: str
    state: SubscriptionState
    frequency: Frequency = Frequency.EACH
    paused_until: datetime | None = None
    since: datetime | None = None
    confirmed_at: datetime | None = None
    reason: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class WantedSuppression:
    """The suppression that a row asks for."""

    reason: SuppressionReason
    origin: str = ""
    detail: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ImportRow:
    """What one row asks for. `person` is False for an address that is only suppressed.

    `departed` means that the owner of the inbox has left by another row.
    """

    number: int
    address: EmailAddress
    name: str = ""
    language: str = ""
    tags: tuple[Tag, ...] = ()
    subscriptions: tuple[WantedSubscription, ...] = ()
    proofs: tuple[ConsentProof, ...] = ()
    suppression: WantedSuppression | None = None
    created_at: datetime | None = None
    acted_at: datetime | None = None
    unattested: bool = False
    person: bool = True
    answers: Mapping[str, str] = field(default_factory=dict)
    timezone: str = ""
    withheld: tuple[str, ...] = ()
    departed: bool = False


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is not imported, and why."""

    number: int
    address: str
    reason: str
