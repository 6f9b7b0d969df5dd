"""What an event means: for its delivery, for the address, and for the subscription; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from newsletter.model.event import DropReason, Event, EventKind
from newsletter.model.states import DeliveryState
from subscribers.model import SuppressionReason

SOFT_BOUNCES = 5
SOFT_WINDOW = timedelta(days=30)
SOFT_RULE = f"{SOFT_BOUNCES} soft bounces in {SOFT_WINDOW.days} days, none delivered between"


class Ends(Enum):
    """Which subscriptions an event ends."""

    NONE = auto()
    NEWSLETTER = auto()
    ALL = auto()


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one event changes. `alarming` drops are the sender's fault, so staff are alerted."""

    state: DeliveryState | None = None
    suppress: SuppressionReason | None = None
    ends: Ends = Ends.NONE
    alarming: bool = False


_NOTHING = Meaning()
_BY_KIND = {
    EventKind.PROCESSED: _NOTHING,
    EventKind.DEFERRED: Meaning(DeliveryState.DEFERRED),
    EventKind.DELIVERED: Meaning(DeliveryState.DELIVERED),
    EventKind.SOFT_BOUNCED: Meaning(DeliveryState.BLOCKED),
    EventKind.BLOCKED: Meaning(DeliveryState.BLOCKED),
    EventKind.BOUNCED: Meaning(DeliveryState.BOUNCED, SuppressionReason.BOUNCE),
    EventKind.COMPLAINED: Meaning(DeliveryState.COMPLAINED, SuppressionReason.COMPLAINT),
    EventKind.UNSUBSCRIBED: Meaning(ends=Ends.NEWSLETTER),
    EventKind.UNSUBSCRIBED_ALL: Meaning(ends=Ends.ALL),
    # Opens and clicks are statistics: they never change consent.
    EventKind.OPENED: _NOTHING,
    EventKind.CLICKED: _NOTHING,
    EventKind.OTHER: _NOTHING,
}
_BY_DROP = {
    DropReason.BOUNCED: Meaning(DeliveryState.DROPPED, SuppressionReason.BOUNCE),
    DropReason.INVALID: Meaning(DeliveryState.DROPPED, SuppressionReason.BOUNCE),
    DropReason.COMPLAINED: Meaning(DeliveryState.DROPPED, SuppressionReason.COMPLAINT),
    DropReason.UNSUBSCRIBED: Meaning(DeliveryState.DROPPED, ends=Ends.ALL),
    DropReason.OTHER: Meaning(DeliveryState.DROPPED, alarming=True),
}

PERSONAL = frozenset(
    {EventKind.DROPPED, EventKind.SOFT_BOUNCED}
    | {
        kind
        for kind, meaning in _BY_KIND.items()
        if meaning.suppress or meaning.ends is not Ends.NONE
    }
)
"""The kinds of events that may change a person: each of these takes several statements."""


def meaning_of(event: Event) -> Meaning:
    """Return what an event changes, if it is about one of our deliveries."""
    if event.kind is EventKind.DROPPED:
        return _BY_DROP[event.drop or DropReason.OTHER]
    return _BY_KIND[event.kind]


def keeps_failing(soft: Iterable[datetime], passed: Iterable[datetime]) -> bool:
    """Return whether SOFT_RULE holds for one address. The order of arrival does not matter.

    `passed` is when the address did work: an email was delivered, or staff lifted a suppression.
    """
    last_passed = max(passed, default=None)
    since = sorted(at for at in soft if last_passed is None or at > last_passed)
    if not since:
        return False
    return sum(at > since[-1] - SOFT_WINDOW for at in since) >= SOFT_BOUNCES
