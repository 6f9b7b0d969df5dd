"""Approvals of an issue that needs more than one: who approved which content."""

from datetime import datetime

import sqlalchemy as sa

from newsletter.model.actor import Actor
from newsletter.store.content.review_tables import first_approvals
from newsletter.store.database import upsert


def add(
    connection: sa.Connection, issue_id: int, actor: Actor, *, content_hash: str, at: datetime
) -> None:
    """Record that a person approves this content; it replaces their approval of other content."""
    row = {"issue_id": issue_id, "actor": str(actor), "content_hash": content_hash, "at": at}
    added = upsert(connection, first_approvals).values(row)
    key = [first_approvals.c.issue_id, first_approvals.c.actor]
    changed = {"content_hash": content_hash, "at": at}
    connection.execute(added.on_conflict_do_update(index_elements=key, set_=changed))


def of_content(connection: sa.Connection, issue_id: int, content_hash: str) -> list[Actor]:
    """Return who has approved this content of an issue, the first one first."""
    a = first_approvals.c
    query = sa.select(a.actor).where(a.issue_id == issue_id, a.content_hash == content_hash)
    return [Actor.parse(name) for name in connection.scalars(query.order_by(a.at, a.actor))]


def every(connection: sa.Connection, issue_id: int) -> list[Actor]:
    """Return who has approved any content of an issue that still waits for another approval."""
    a = first_approvals.c
    query = sa.select(a.actor).where(a.issue_id == issue_id).order_by(a.at, a.actor)
    return [Actor.parse(name) for name in connection.scalars(query)]


def forget(connection: sa.Connection, issue_id: int) -> None:
    """Delete the approvals of an issue."""
    connection.execute(first_approvals.delete().where(first_approvals.c.issue_id == issue_id))
