"""The warnings about an issue that staff waived, by what the check had found."""

import sqlalchemy as sa

from newsletter.model.actor import Actor
from newsletter.model.finding import Waiver
from newsletter.store.content.review_tables import waivers
from newsletter.store.database import upsert


def add(connection: sa.Connection, issue_id: int, waiver: Waiver) -> bool:
    """Record a waiver; return False if the finding was waived before."""
    row = {
        "issue_id": issue_id,
        "mark": waiver.mark,
        "check": waiver.check,
        "reason": waiver.reason,
        "actor": str(waiver.actor),
        "at": waiver.at,
    }
    key = [waivers.c.issue_id, waivers.c.mark]
    added = upsert(connection, waivers).values(row).on_conflict_do_nothing(index_elements=key)
    return connection.scalar(added.returning(waivers.c.mark)) is not None


def of_issue(connection: sa.Connection, issue_id: int) -> list[Waiver]:
    """Return the waivers of an issue."""
    query = sa.select(waivers).where(waivers.c.issue_id == issue_id).order_by(waivers.c.at)
    return [
        Waiver(row.mark, row.check, row.reason, Actor.parse(row.actor), row.at)
        for row in connection.execute(query)
    ]
