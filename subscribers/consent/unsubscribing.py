"""Leaving: always possible, at once, without a password, harmless to repeat."""

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

Way = Literal["one click", "page", "preferences", "mail", "staff"]


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Which newsletters somebody leaves (None: all), by which way, and the reason if they gave one.

    `titles` names the newsletters for the mail that leads back; the one-click way sends none.
    """

    newsletter: str | None
    way: Way
    reason: str = ""
    titles: Mapping[str, str] | None = None


def unsubscribe(
    connection: sa.Connection,
    subscriber_id: int,
    farewell: Unsubscribe,
    *,
    pepper: bytes,
    now: datetime,
) -> Effects:
    """End subscriptions. The outcome is left, already (nothing to end) or gone (nobody there).

    Works for a newsletter that is configured no more. What a list had ended is ended again by
    their own word: no undo of that import brings it back.
    """
    person = people.load(connection, subscriber_id)
    if person is None:
        return Effects("gone")
    ended = _end(connection, person, farewell, now)
    if not ended:
        return Effects("already")
    hash_ = erasures.hashed(person.address_key, pepper)
    entries = tuple(
        JournalEntry("unsubscribed", now, person.id, hash_, newsletter, farewell.way)
        for newsletter in ended
    )
    titles = {key: title for key, title in (farewell.titles or {}).items() if key in ended}
    mails = (signing_up.way_back(connection, person, titles, now),) if titles else ()
    return Effects("unsubscribed", notices=mails, entries=entries)


def _end(
    connection: sa.Connection, person: Subscriber, farewell: Unsubscribe, now: datetime
) -> Sequence[str]:
    chosen = [
        one
        for one in person.subscriptions
        if (one.state is not SubscriptionState.UNSUBSCRIBED or one.ended_by_import)
        and farewell.newsletter in {None, one.newsletter}
    ]
    ended = [
        one
        for one in chosen
        if statuses.unsubscribe(
            connection, person.id, one.newsletter, reason=_reason(farewell), now=now
        )
    ]
    for one in ended:
        if one.state is not SubscriptionState.PENDING:
            taken_back = Consent(one.newsletter, "withdrawn", now, farewell.way)
            proofs.record(connection, person.id, (taken_back,))
        detail = {"by": farewell.way, "reason": _reason(farewell), "was": one.state.value}
        audit.record(
            connection, AuditEntry(READER, "unsubscribed", now, person.id, one.newsletter, detail)
        )
    statuses.acted(connection, person.id, now)
    return [one.newsletter for one in ended]


def _reason(farewell: Unsubscribe) -> str:
    words = " ".join(farewell.reason.split())[:REASON_LIMIT]
    while words.startswith(BY_IMPORT):  # nobody's own words may pass for those of a list
        words = words.removeprefix(BY_IMPORT)
    return words
