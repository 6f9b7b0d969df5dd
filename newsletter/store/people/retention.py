"""Delete deliveries and settled notices that are no longer kept."""

from datetime import datetime

import sqlalchemy as sa

from newsletter.store.people.notices import SETTLED
from newsletter.store.sending import engagements
from newsletter.store.tables import deliveries, exclusions, issues, notices

AT_ONCE = 1
"""Issues whose deliveries go in one transaction; the next pass takes the next."""


def purge(connection: sa.Connection, *, deliveries: datetime, notices: datetime) -> dict[str, int]:
    """Delete who got issues submitted before `deliveries` and what they opened, and notices settled before `notices`.

    The issues themselves, their editions and their counters stay.
    """
    return {
        "deliveries": _purge_deliveries(connection, deliveries),
        "notices": _purge_notices(connection, notices),
    }


def _purge_deliveries(connection: sa.Connection, before: datetime) -> int:
    old = connection.scalars(
        sa.select(issues.c.id)
        .where(
            issues.c.submitted_at < before,
            sa.exists().where(deliveries.c.issue_id == issues.c.id),
        )
        .order_by(issues.c.id)
        .limit(AT_ONCE)
    ).all()
    number = 0
    for issue_id in old:
        engagements.purge(connection, issue_id)
        connection.execute(exclusions.delete().where(exclusions.c.issue_id == issue_id))
        gone = connection.execute(deliveries.delete().where(deliveries.c.issue_id == issue_id))
        number += gone.rowcount
    return number


def _purge_notices(connection: sa.Connection, before: datetime) -> int:
    gone = connection.execute(
        notices.delete().where(notices.c.settled_at < before, notices.c.state.in_(SETTLED))
    )
    return gone.rowcount
