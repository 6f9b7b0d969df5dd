"""What an import does with a row, given who is there already; pure.

It never raises a status, never brings back who left, bounced, complained or was erased, and takes
consent only as attested. It fills what is empty and adds; it overwrites nothing that people chose.
"""

from dataclasses import dataclass, replace
from datetime import datetime

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
from subscribers.roster.rows import Blocked, ConsentProof, ImportRow, WantedSubscription

_GONE = {
    "unsubscribed": "this address unsubscribed after the backup that the database was restored from",
    "moved": "this subscriber has given us another address instead",
}


@dataclass(frozen=True, slots=True)
class Known:
    """What is known about an address before its row; `chose` tells: they set their own topics.

    `gone` says why the hash of an address is kept that is nobody's here any more.
    """

    subscriber: Subscriber | None = None
    suppressed: Suppression | None = None
    chose: bool = False
    gone: str = ""


@dataclass(frozen=True, slots=True)
class Lowered:
    """A standing that the row takes back: they left elsewhere."""

    newsletter: str
    before: Subscription
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """What is written for a row; `outcome` is new, changed, unchanged, suppressed or refused.

    `withheld` says in words what the row asked for and did not get.
    """

    row: ImportRow
    outcome: str
    reason: str = ""
    name: str = ""
    language: str = ""
    tags: tuple[Tag, ...] = ()
    subscriptions: tuple[WantedSubscription, ...] = ()
    lowered: tuple[Lowered, ...] = ()
    proofs: tuple[ConsentProof, ...] = ()
    blocked: Blocked | None = None
    withheld: tuple[str, ...] = ()


def decide(row: ImportRow, known: Known) -> Change:
    """Return what to write for a row."""
    if known.gone == SuppressionReason.ERASED:
        return Change(row, "refused", "this address was erased on request")
    if known.subscriber is not None:
        return _changed(row, known, known.subscriber)
    if known.gone in _GONE:
        return Change(row, "refused", _GONE[known.gone])
    if known.suppressed is not None and row.blocked is None:
        return Change(row, "refused", f"suppressed: {known.suppressed.reason.value}")
    return _new(row, known)


def _new(row: ImportRow, known: Known) -> Change:
    blocked = row.blocked if known.suppressed is None else None
    if not row.person:
        return Change(row, "suppressed" if blocked else "unchanged", blocked=blocked)
    return Change(
        row,
        "new",
        name=row.name,
        language=row.language,
        tags=row.tags,
        subscriptions=row.subscriptions,
        proofs=row.proofs,
        blocked=blocked,
        withheld=_unattested(row),
    )


def _changed(row: ImportRow, known: Known, person: Subscriber) -> Change:
    added, lowered, withheld = _standings(row, person, known)
    news = {one.newsletter for one in added if one.state is SubscriptionState.CONFIRMED}
    change = Change(
        row,
        "unchanged",
        name=row.name if not person.name else "",
        language=row.language if not person.language else "",
        tags=_new_tags(row, known, person),
        subscriptions=added,
        lowered=lowered,
        proofs=tuple(
            replace(proof, vouched=True) for proof in row.proofs if proof.newsletter in news
        )
        + tuple(
            ConsentProof(
                one.newsletter, "withdrawn", one.since, "they left elsewhere", vouched=True
            )
            for one in lowered
        ),
        blocked=row.blocked if known.suppressed is None else None,
        withheld=withheld + _unchosen(row, known, person),
    )
    written = (change.name, change.language, change.tags, added, lowered, change.blocked)
    return replace(change, outcome="changed") if any(written) else change


def _standings(
    row: ImportRow, person: Subscriber, known: Known
) -> tuple[tuple[WantedSubscription, ...], tuple[Lowered, ...], tuple[str, ...]]:
    added: list[WantedSubscription] = []
    lowered: list[Lowered] = []
    withheld: list[str] = []
    gone = any(one.state is SubscriptionState.UNSUBSCRIBED for one in person.subscriptions)
    for wanted in row.subscriptions:
        present = person.subscription(wanted.newsletter)
        if (
            present is None
            and wanted.state is not SubscriptionState.UNSUBSCRIBED
            and (gone or person.suppressed)
        ):
            withheld.append(_why_not(wanted, person))
        elif present is None:
            added.append(wanted)
        elif wanted.state is SubscriptionState.UNSUBSCRIBED and _newer(
            wanted.since, present, known
        ):
            if present.state is not SubscriptionState.UNSUBSCRIBED:
                lowered.append(Lowered(wanted.newsletter, present, wanted.since))
        elif _rank(wanted.state) > _rank(present.state):
            withheld.append(f"{wanted.newsletter}: stays {present.state.value}")
    if any(one.state is SubscriptionState.PENDING for one in added):
        withheld.extend(_unattested(row))
    return tuple(added), tuple(lowered), tuple(withheld)


def _why_not(wanted: WantedSubscription, person: Subscriber) -> str:
    if person.suppressed:
        return f"{wanted.newsletter}: not added, suppressed: {person.suppressed.reason.value}"
    return f"{wanted.newsletter}: not added, they left another newsletter"


def _unattested(row: ImportRow) -> tuple[str, ...]:
    return ("stays pending: no consent is attested",) if row.unattested else ()


def _new_tags(row: ImportRow, known: Known, person: Subscriber) -> tuple[Tag, ...]:
    missing = (tag for tag in row.tags if tag.slug not in person.slugs)
    return tuple(tag for tag in missing if not (known.chose and tag.kind is TagKind.TOPIC))


def _unchosen(row: ImportRow, known: Known, person: Subscriber) -> tuple[str, ...]:
    kept = any(tag.kind is TagKind.TOPIC and tag.slug not in person.slugs for tag in row.tags)
    return ("topics: what they chose themselves stays",) if known.chose and kept else ()


def _newer(since: datetime | None, present: Subscription, known: Known) -> bool:
    """Tell whether a departure came after what is known; one without a date counts.

    So does any against a standing that only an import without a date bears out: it is as old as
    that import, and the agreement behind it is older by nobody knows how much.
    """
    if since is None:
        return True
    if known.chose or not present.origin.startswith(BY_IMPORT):
        return since > present.since
    agreed = present.confirmed_at
    return agreed is None or agreed >= present.since or since > agreed


def _rank(state: SubscriptionState) -> int:
    return (
        SubscriptionState.UNSUBSCRIBED,
        SubscriptionState.PENDING,
        SubscriptionState.CONFIRMED,
    ).index(state)
