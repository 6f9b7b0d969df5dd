"""Compare our suppressions with the provider's: what a webhook missed must not be lost."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from newsletter.esp.sendgrid.suppressions import ListedAddress, ListKind, SuppressionLists
from newsletter.model.actor import Actor, ActorKind, Role
from newsletter.people import reported
from newsletter.people.effects import apply_effects
from newsletter.store import marks
from newsletter.store.marks import Mark
from newsletter.usecases.context import Context
from subscribers import directory
from subscribers.errors import InvalidAddress
from subscribers.model import (
    Effects,
    EmailAddress,
    Subscriber,
    Suppression,
    SuppressionReason,
)

PROVIDER = Actor(ActorKind.PROVIDER, "sendgrid")
OVERLAP = timedelta(days=1)
"""How much of a list is read again: its entries appear a little after the time that they carry."""
_REASONS = {
    ListKind.BOUNCES: SuppressionReason.BOUNCE,
    ListKind.INVALID: SuppressionReason.BOUNCE,
    ListKind.SPAM: SuppressionReason.COMPLAINT,
}


@dataclass(frozen=True, slots=True)
class Compared:
    """What one of the provider's lists had. `new` are the entries that changed something here."""

    kind: ListKind
    entries: int
    ours: int
    new: int


def sync(context: Context, actor: Actor, lists: SuppressionLists) -> list[Compared]:
    """Read the provider's lists since the last time, and take over what is new.

    Each page is one transaction. If it is interrupted, the list is read again from where the last
    complete reading began; an entry that is known changes nothing.
    """
    actor.require(Role.ADMIN)
    return [_sync(context, lists, kind) for kind in ListKind]


def _sync(context: Context, lists: SuppressionLists, kind: ListKind) -> Compared:
    began = context.now()
    with context.reader.connect() as connection:
        known = marks.read(connection, Mark.LIST_SYNCED, kind.value)
    since = (
        datetime.fromtimestamp(known * 60, UTC) - OVERLAP
        if known
        else datetime.fromtimestamp(0, UTC)
    )
    entries = ours = new = 0
    for page in lists.pages(kind, since):
        with context.engine.begin() as connection:
            found, changed = _take_over(context, connection, kind, page)
        entries, ours, new = entries + len(page), ours + found, new + changed
    with context.engine.begin() as connection:
        marks.write(connection, Mark.LIST_SYNCED, int(began.timestamp() // 60), kind.value)
    return Compared(kind, entries, ours, new)


def _take_over(
    context: Context, connection: sa.Connection, kind: ListKind, page: Sequence[ListedAddress]
) -> tuple[int, int]:
    """Return how many entries are about subscribers, and how many changed something."""
    keys: dict[str, ListedAddress] = {}
    for entry in page:
        try:
            keys[EmailAddress.parse(entry.address).key] = entry
        except InvalidAddress:
            continue
    people = directory.by_keys(connection, keys)
    changed = sum(
        _apply(context, connection, kind, person, keys[key]) for key, person in people.items()
    )
    return len(people), changed


def _apply(
    context: Context,
    connection: sa.Connection,
    kind: ListKind,
    person: Subscriber,
    entry: ListedAddress,
) -> bool:
    """Do what an entry means, and return whether it changed something."""
    pepper, now = context.journals.pepper, context.now()
    reason = _REASONS.get(kind)
    effects: Iterable[Effects] = ()  # a block is not about the address
    if reason is not None:
        cause = Suppression(person.address_key, reason, str(PROVIDER), entry.reason, entry.at)
        effects = reported.suppress(connection, person, cause, actor=str(PROVIDER), pepper=pepper)
    elif kind is ListKind.UNSUBSCRIBES:
        effects = reported.unsubscribe(connection, person, None, entry.at, pepper=pepper, now=now)
    changed = False
    for effect in effects:
        apply_effects(connection, effect, context.journals.journal, now=now)
        changed |= effect.outcome in {"suppressed", "unsubscribed"}
    return changed
