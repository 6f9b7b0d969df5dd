"""Unsubscribe: possible at any time, without a password, and harmless to repeat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from subscribers.consent import signing_up
from subscribers.model import (
    BY_IMPORT,
    READER,
    Effects,
    JournalEntry,
    Subscriber,
    SubscriptionState,
)
from subscribers.store import audit, erasures, people, proofs, statuses
from subscribers.store.audit import AuditEntry
from subscribers.store.proofs import Consent

REASON_LIMIT = 500

Way = Literal["one click", "page", "preferences", "email", "provider", "staff"]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Which newsletter to unsubscribe from (None: all), how, and the reason if one was given.

    `titles` names the newsletters in the goodbye notice. The one-click way sends no notice. `actor`
    is who carries it out: staff, on request.
    """

    newsletter: str | None
    way: Way
    reason: str = ""
    titles: Mapping[str, str] | None = None
    actor: str = READER


def unsubscribe(
    connection: sa.Connection,
    subscriber_id: int,
    wanted: Unsubscribe,
    *,
    pepper: bytes,
    now: datetime,
) -> Effects:
    """End subscriptions; the outcome is `unsubscribed`, `already` or `gone` (no such subscriber).

    It also works for a newsletter that is no longer configured. A subscription that an import ended
    is ended again by the subscriber, so that an undo of the import does not restore it.
    """
    person = people.load(connection, subscriber_id)
    if person is None:
        return Effects("gone")
    ended = _end(connection, person, wanted, now)
    if not ended:
        return Effects("already")
    hash_ = erasures.hashed(person.address_key, pepper)
    entries = tuple(
        JournalEntry("unsubscribed", now, person.id, hash_, newsletter, wanted.way)
        for newsletter in ended
    )
    titles = {key: title for key, title in (wanted.titles or {}).items() if key in ended}
    goodbye = signing_up.goodbye(connection, person, titles, now) if titles else None
    return Effects("unsubscribed", notices=(goodbye,) if goodbye else (), entries=entries)


def _end(
    connection: sa.Connection, person: Subscriber, wanted: Unsubscribe, now: datetime
) -> Sequence[str]:
    reason = _cleaned(wanted.reason)
    ended = []
    for subscription in person.subscriptions:
        newsletter = subscription.newsletter
        if wanted.newsletter not in {None, newsletter}:
            continue
        if not statuses.unsubscribe(connection, person.id, newsletter, reason=reason, now=now):
            continue
        ended.append(newsletter)
        if subscription.state is not SubscriptionState.PENDING:
            withdrawal = Consent(newsletter, "withdrawn", now, wanted.way)
            proofs.record(connection, person.id, (withdrawal,))
        detail = {"by": wanted.way, "reason": reason, "was": subscription.state.value}
        audit.record(
            connection, AuditEntry(wanted.actor, "unsubscribed", now, person.id, newsletter, detail)
        )
    statuses.acted(connection, person.id, now)
    return ended


def _cleaned(reason: str) -> str:
    """Return a subscriber's reason on one line, without the prefix that marks imports."""
    words = " ".join(reason.split())[:REASON_LIMIT]
    while words.startswith(BY_IMPORT):
        words = words.removeprefix(BY_IMPORT)
    return words
