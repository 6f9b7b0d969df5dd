"""Carry out what the use cases of subscribers decided, in their own transaction."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.event import EventKind
from newsletter.model.tally import Happened, tallied
from newsletter.store.content import issues
from newsletter.store.counting import tallies
from newsletter.store.people import erasure, notices, received
from newsletter.store.people.notices import Notice
from subscribers import journal as journals
from subscribers.journal import Journal
from subscribers.model import Effects, JournalEntry

UNSUBSCRIBED = "unsubscribed"
"""The act of the journal that ends one subscription."""


def apply_effects(
    connection: sa.Connection, effects: Effects, journal: Journal, *, now: datetime
) -> None:
    """Queue the notices, count unsubscribes, erase newsletter's own rows, and write the journal last.

    The journal is on the disk before the transaction commits: what is restored from a backup can
    then never know more than the journal.
    """
    apply_all(connection, [effects], journal, now=now)


def apply_all(
    connection: sa.Connection, decided: Sequence[Effects], journal: Journal, *, now: datetime
) -> None:
    """Carry out the effects on many people, with one write to the journal."""
    for effects in decided:
        _apply(connection, effects, now)
    entries = [entry for effects in decided for entry in effects.entries]
    journals.record(connection, journal, entries)


def _apply(connection: sa.Connection, effects: Effects, now: datetime) -> None:
    for intent in effects.notices:
        notice = Notice(
            intent.kind,
            intent.key,
            intent.subscriber_id,
            intent.address,
            intent.language,
            dict(intent.values),
        )
        notices.queue(connection, notice, now=now)
    for entry in effects.entries:
        if entry.act == UNSUBSCRIBED:
            _count_unsubscribe(connection, entry)
    if effects.erased is not None:
        erasure.erase(connection, effects.erased)


def _count_unsubscribe(connection: sa.Connection, entry: JournalEntry) -> None:
    """Count an unsubscribe for the last issue of the newsletter that the person was sent."""
    issue_id = received.last_issue(connection, entry.newsletter, entry.subscriber_id)
    if issue_id is not None:
        happened = Happened(issue_id, EventKind.UNSUBSCRIBED, entry.at)
        tallies.add(connection, tallied(Counter([happened]), issues.began(connection, [issue_id])))
