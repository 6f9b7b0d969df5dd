"""What an import does with a row, given what is known about its address; pure.

An import never raises a status and never brings back a subscriber who unsubscribed, bounced,
complained or was erased. It takes consent only as attested. It fills empty fields and adds; it never
overwrites what a subscriber chose.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from subscribers.model import (
    BY_IMPORT,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
    Tag,
    TagKind,
)
from subscribers.roster.row import ConsentProof, ImportRow, WantedSubscription, WantedSuppression
from subscribers.store.inboxes import Departure

_REFUSED_HASHES = {
    "unsubscribed": "this address unsubscribed after the backup that the database was restored from",
    "moved": "this subscriber has replaced this address by another one",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about an address before its row.

    `chose` means that the subscriber has set their own topics. `hash_reason` says why the hash of
    an address is kept that belongs to no subscriber. `departures` are what was ended under other
    addresses of the same inbox: ann@ for ann+news@, and the reverse.
    """

    subscriber: Subscriber | None = None
    suppressed: Suppression | None = None
    chose: bool = False
    hash_reason: str = ""
    departures: tuple[Departure, ...] = ()


@dataclass(frozen=True, slots=True)
class Lowered:
    """A subscription that the row ends: the subscriber unsubscribed elsewhere."""

    newsletter: str
    before: Subscription
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """What is written for a row; `outcome` is new, changed, unchanged, suppressed or refused.

    `withheld` says what the row asked for and did not get.
    """

    row: ImportRow
    outcome: str
    reason: str = ""
    name: str = ""
    language: str = ""
    timezone: str = ""
    tags: tuple[Tag, ...] = ()
    subscriptions: tuple[WantedSubscription, ...] = ()
    lowered: tuple[Lowered, ...] = ()
    proofs: tuple[ConsentProof, ...] = ()
    suppression: WantedSuppression | None = None
    withheld: tuple[str, ...] = ()

    def describe(self) -> str:
        """Describe in one line what the change does."""
        if self.outcome == "refused":
            return self.reason
        parts = [
            f"name “{self.name}”" if self.name else "",
            f"language {self.language}" if self.language else "",
            f"time zone {self.timezone}" if self.timezone else "",
            "tags " + ", ".join(tag.name for tag in self.tags) if self.tags else "",
            *(f"{wanted.newsletter} {wanted.state.value}" for wanted in self.subscriptions),
            *(f"{low.newsletter} {low.before.state.value} → unsubscribed" for low in self.lowered),
            f"suppressed: {self.suppression.reason.value}" if self.suppression else "",
            *(f"({reason})" for reason in self.withheld),
        ]
        return "; ".join(part for part in parts if part)


def decide(row: ImportRow, known: Known) -> Change:
    """Return what to write for a row."""
    if known.hash_reason == SuppressionReason.ERASED:
        return Change(row, "refused", "this address was erased on request")
    if known.subscriber is not None:
        return _changed(row, known, known.subscriber)
    if refusal := _refusal(row, known):
        return Change(row, "refused", refusal)
    return _new(row, known)


def _refusal(row: ImportRow, known: Known) -> str:
    """Return why the row of an unknown address is refused; "" if it is not."""
    if known.hash_reason in _REFUSED_HASHES:
        return _REFUSED_HASHES[known.hash_reason]
    if row.suppression is not None:
        return ""
    if known.suppressed is not None:
        return f"suppressed: {known.suppressed.reason.value}"
    if not known.departures:
        return ""
    return next(filter(None, (_left_inbox(wanted, known) for wanted in row.subscriptions)), "")


def _left_inbox(wanted: WantedSubscription, known: Known) -> str:
    """Return why an inbox must not get a newsletter: its owner left it under another address."""
    if wanted.state is SubscriptionState.UNSUBSCRIBED:
        return ""
    meant = ("", wanted.newsletter)  # "" are all newsletters
    return next((left.why for left in known.departures if left.newsletter in meant), "")


def _new(row: ImportRow, known: Known) -> Change:
    suppression = row.suppression if known.suppressed is None else None
    if not row.person:
        return Change(row, "suppressed" if suppression else "unchanged", suppression=suppression)
    return Change(
        row,
        "new",
        name=row.name,
        language=row.language,
        timezone=row.timezone,
        tags=row.tags,
        subscriptions=row.subscriptions,
        proofs=row.proofs,
        suppression=suppression,
        withheld=_unattested(row) + row.withheld,
    )


def _changed(row: ImportRow, known: Known, person: Subscriber) -> Change:
    added, lowered, withheld = _statuses(row, person, known)
    confirmed = {
        wanted.newsletter for wanted in added if wanted.state is SubscriptionState.CONFIRMED
    }
    change = Change(
        row,
        "unchanged",
        name=row.name if not person.name else "",
        language=row.language if not person.language else "",
        timezone=row.timezone if not person.timezone else "",
        tags=_new_tags(row, known, person),
        subscriptions=added,
        lowered=lowered,
        proofs=tuple(
            replace(proof, attested=True) for proof in row.proofs if proof.newsletter in confirmed
        )
        + tuple(
            ConsentProof(
                low.newsletter, "withdrawn", low.since, "unsubscribed elsewhere", attested=True
            )
            for low in lowered
        ),
        suppression=row.suppression if known.suppressed is None else None,
        withheld=withheld + _unchosen(row, known, person) + row.withheld,
    )
    filled = (change.name, change.language, change.timezone)
    written = (*filled, change.tags, added, lowered, change.suppression)
    return replace(change, outcome="changed") if any(written) else change


def _statuses(
    row: ImportRow, person: Subscriber, known: Known
) -> tuple[tuple[WantedSubscription, ...], tuple[Lowered, ...], tuple[str, ...]]:
    """Return which subscriptions to add, which to end, and what is withheld."""
    added: list[WantedSubscription] = []
    lowered: list[Lowered] = []
    withheld: list[str] = []
    ended = SubscriptionState.UNSUBSCRIBED
    for wanted in row.subscriptions:
        present = person.subscription(wanted.newsletter)
        why = _why_not_added(wanted, person, known) if present is None else ""
        if why:
            withheld.append(f"{wanted.newsletter}: not added, {why}")
        elif present is None:
            added.append(wanted)
        elif wanted.state is ended and _newer(wanted.since, present, known):
            if present.state is not ended:
                lowered.append(Lowered(wanted.newsletter, present, wanted.since))
        elif _rank(wanted.state) > _rank(present.state):
            withheld.append(f"{wanted.newsletter}: stays {present.state.value}")
    if any(wanted.state is SubscriptionState.PENDING for wanted in added):
        withheld.extend(_unattested(row))
    return tuple(added), tuple(lowered), tuple(withheld)


def _why_not_added(wanted: WantedSubscription, person: Subscriber, known: Known) -> str:
    """Return why a person who has left does not get a further subscription; "" if they do."""
    ended = SubscriptionState.UNSUBSCRIBED
    if wanted.state is ended:
        return ""
    if person.suppressed:
        return f"suppressed: {person.suppressed.reason.value}"
    if any(subscription.state is ended for subscription in person.subscriptions):
        return "unsubscribed from another newsletter"
    return _left_inbox(wanted, known)


def _unattested(row: ImportRow) -> tuple[str, ...]:
    return ("stays pending: no consent is attested",) if row.unattested else ()


def _new_tags(row: ImportRow, known: Known, person: Subscriber) -> tuple[Tag, ...]:
    missing = (tag for tag in row.tags if tag.slug not in person.slugs)
    return tuple(tag for tag in missing if not (known.chose and tag.kind is not TagKind.LABEL))


def _unchosen(row: ImportRow, known: Known, person: Subscriber) -> tuple[str, ...]:
    kept = any(tag.kind is not TagKind.LABEL and tag.slug not in person.slugs for tag in row.tags)
    return ("topics: the subscriber's own choice stays",) if known.chose and kept else ()


def _newer(since: datetime | None, present: Subscription, known: Known) -> bool:
    """Return whether an unsubscribe may be newer than the subscription; one without a date counts.

    If the subscription rests only on an import without a consent date, every unsubscribe counts:
    the consent behind it is older than the import, by an unknown time.
    """
    if since is None:
        return True
    if known.chose or not present.origin.startswith(BY_IMPORT):
        return _latest(since) >= present.since
    agreed = present.confirmed_at
    return agreed is None or agreed >= present.since or _latest(since) >= agreed


def _latest(since: datetime) -> datetime:
    """Return the latest time that a date can mean; one without a time is read as midnight."""
    is_day = since.timetz() == time(tzinfo=UTC)
    return since + timedelta(days=1) - timedelta.resolution if is_day else since


def _rank(state: SubscriptionState) -> int:
    return (
        SubscriptionState.UNSUBSCRIBED,
        SubscriptionState.PENDING,
        SubscriptionState.CONFIRMED,
    ).index(state)
