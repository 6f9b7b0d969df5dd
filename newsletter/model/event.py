"""What a provider or a server reports about an email after it was submitted, normalized."""

from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import NamedTuple


class EventKind(StrEnum):
    """The kinds of events. OTHER is kept but changes nothing.

    - BOUNCED is a permanent failure of the address.
    - SOFT_BOUNCED is a failure of the mailbox that may pass: it is full, or not available now.
    - BLOCKED is a refusal because of the sender or the content; it is not about the address.
    - DROPPED means that the provider did not try.
    """

    PROCESSED = "processed"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    SOFT_BOUNCED = "soft bounced"
    BLOCKED = "blocked"
    BOUNCED = "bounced"
    DROPPED = "dropped"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    UNSUBSCRIBED_ALL = "unsubscribed from all"
    OPENED = "opened"
    CLICKED = "clicked"
    OTHER = "other"

    # Enum's is written in Python. Counting events looks kinds up ten times per event.
    __hash__ = str.__hash__


ENGAGEMENTS = frozenset({EventKind.OPENED, EventKind.CLICKED})
"""The kinds of events that the reader, or a program, caused by looking at an email."""


class DropReason(StrEnum):
    """Why a provider did not try; the first four mirror its own suppressions."""

    BOUNCED = "bounced"
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"
    INVALID = "invalid"
    OTHER = "other"


class Event(NamedTuple):
    """One event.

    - `id` is unique per event and repeats when the provider reports it again.
    - `origin` names the publication that sent the email; `delivery` and `attempt` are our own ids.
      They are empty if the event carries none.
    - `address_key` is the recipient's address in the form that is compared; it is never stored.
    - `reason` is in the server's words, without addresses.
    - `machine` is the provider's own judgment that a program opened the email.
    """

    id: str
    kind: EventKind
    at: datetime
    origin: str = ""
    delivery: str = ""
    attempt: str = ""
    address_key: str = ""
    reason: str = ""
    drop: DropReason | None = None
    machine: bool = False
    link: str = ""
    agent: str = ""


def origin(epoch: str, url: str) -> str:
    """Return the word that marks the emails of a publication, for the events about them.

    Several publications may share one account with a provider, and so may a copy that is used for
    tests. Their issues have the same numbers.
    """
    return "nl-" + blake2b(f"{epoch} {url}".encode(), digest_size=6).hexdigest()
