"""The slots of a newsletter with what is on record of them.

The commands, the desk, the checkup and a pass ask here, so that all of them name the same slots.
"""

from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.agenda import AgendaSlot, agenda
from newsletter.model.issue import Issue, IssueKind
from newsletter.model.publication import Newsletter
from newsletter.model.slot import FARTHEST, Due
from newsletter.store.content import issues, pauses, slots
from newsletter.store.tables import issues as rows


def of(
    connection: sa.Connection, newsletter: Newsletter, since: datetime, now: datetime
) -> Iterator[AgendaSlot]:
    """Walk the slots due after `since`, the next one first, with their states."""
    records = slots.records(connection, newsletter.key, since - FARTHEST)
    return agenda(pauses.applied(connection, newsletter), records, since, now)


def ahead(connection: sa.Connection, newsletter: Newsletter, now: datetime) -> Iterator[Due]:
    """Walk the slots after `now` that have no issue and are not on record, the next one first."""
    if newsletter.cadence.on_publish:
        return iter(())
    return slots.ahead(connection, newsletter.key, pauses.timing(connection, newsletter), now)


def announced(connection: sa.Connection, newsletter: Newsletter, now: datetime) -> Iterator[Due]:
    """Walk the slots after `now` at which readers get an issue: those of `ahead`, and of open issues."""
    if newsletter.cadence.on_publish:
        return iter(())
    return slots.announced(connection, newsletter.key, pauses.timing(connection, newsletter), now)


def outside_the_cadence(
    connection: sa.Connection, newsletter: str, since: datetime, until: datetime
) -> list[Issue]:
    """Return the issues of a newsletter due in a time that have no regular slot."""
    query = sa.select(rows.c.id).where(
        rows.c.newsletter == newsletter,
        rows.c.kind != IssueKind.REGULAR.value,
        rows.c.due_at > since,
        rows.c.due_at <= until,
    )
    return [issues.load(connection, issue_id) for issue_id in connection.scalars(query)]
