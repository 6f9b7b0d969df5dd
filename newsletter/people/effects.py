"""Carry out what the use cases of subscribers decided, in their own transaction."""

from datetime import datetime

import sqlalchemy as sa

from newsletter.store.people import erasure, notices
from newsletter.store.people.notices import Notice
from subscribers import journal as journals
from subscribers.journal import Journal
from subscribers.model import Effects


def apply_effects(
    connection: sa.Connection, effects: Effects, journal: Journal, *, now: datetime
) -> None:
    """Queue the notices, erase newsletter's own rows, and write the journal last.

    The journal is on the disk before the transaction commits: what is restored from a backup can
    then never know more than the journal.
    """
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
    if effects.erased is not None:
        erasure.erase(connection, effects.erased)
    journals.record(connection, journal, effects.entries)
