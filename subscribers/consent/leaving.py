"""Leaving: always possible, at once, without a password, harmless to repeat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import sqlalchemy as sa

from subscribers.consent import joining
from subscribers.model import BY_IMPORT, Entry, Outcome, State, Subscriber
from subscribers.store import audit, erasures, people, proofs, standings
from subscribers.store.audit import Act
from subscribers.store.proofs import Consent

REASON_LIMIT = 500

Way = Literal["one click", "page", "preferences", "mail", "staff"]


@dataclass(frozen=True, slots=True)
class Farewell:
    """Which newsletters somebody leaves (None: all), by which way, and the reason if they gave one.

    `titles` names the newsletters for the mail that leads back; the one-click way sends none.
    """

    newsletter: str | None
    way: Way
    reason: str = ""
    titles: Mapping[str, str] | None = None


def leave(
    connection: sa.Connection,
    subscriber_id: int,
    farewell: Farewell,
    *,
    pepper: bytes,
    now: datetime,
) -> Outcome:
    """End subscriptions. The outcome is left, already (nothing to end) or gone (nobody there).

    Works for a newsletter that is configured no more. What a list had ended is ended again by
    their own word: no undo of that import brings it back.
    """
    person = people.load(connection, subscriber_id)
    if person is None:
        return Outcome("gone")
    ended = _end(connection, person, farewell, now)
    if not ended:
        return Outcome("already")
    hash_ = erasures.hashed(person.address_key, pepper)
    entries = tuple(
        Entry("left", now, person.id, hash_, newsletter, farewell.way) for newsletter in ended
    )
    titles = {key: title for key, title in (farewell.titles or {}).items() if key in ended}
    mails = (joining.way_back(connection, person, titles, now),) if titles else ()
    return Outcome("left", mails=mails, entries=entries)


def _end(
    connection: sa.Connection, person: Subscriber, farewell: Farewell, now: datetime
) -> Sequence[str]:
    chosen = [
        one
        for one in person.subscriptions
        if (one.state is not State.LEFT or one.lowered)
        and farewell.newsletter in {None, one.newsletter}
    ]
    ended = [
        one
        for one in chosen
        if standings.leave(connection, person.id, one.newsletter, reason=_reason(farewell), now=now)
    ]
    for one in ended:
        if one.state is not State.PENDING:
            taken_back = Consent(one.newsletter, "withdrawn", now, farewell.way)
            proofs.record(connection, person.id, (taken_back,))
        detail = {"by": farewell.way, "reason": _reason(farewell), "was": one.state.value}
        audit.record(connection, Act("person", "left", now, person.id, one.newsletter, detail))
    standings.acted(connection, person.id, now)
    return [one.newsletter for one in ended]


def _reason(farewell: Farewell) -> str:
    words = " ".join(farewell.reason.split())[:REASON_LIMIT]
    while words.startswith(BY_IMPORT):  # nobody's own words may pass for those of a list
        words = words.removeprefix(BY_IMPORT)
    return words
