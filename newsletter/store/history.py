"""What was decided lately, to compare a database with the copy of its history beside it."""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from newsletter.model.act import ActKind
from newsletter.model.actor import Actor
from newsletter.store.content.slots import ACTIVE
from newsletter.store.tables import acts, slots

COPIED = (ActKind.APPROVED, ActKind.VOIDED, ActKind.CANCELLED, ActKind.RESOLVED)


class RecordedDecision(NamedTuple):
    """Something that was decided; `key` identifies it, `message` describes it."""

    key: str
    at: str
    message: str


def since(connection: sa.Connection, cutoff: datetime) -> list[RecordedDecision]:
    """Return the decisions of staff and the slots that were recorded at or after `cutoff`."""
    return [*_acts(connection, cutoff), *_slots(connection, cutoff)]


def _acts(connection: sa.Connection, cutoff: datetime) -> list[RecordedDecision]:
    a = acts.c
    rows = connection.execute(
        sa.select(a.id, a.at, a.actor, a.kind, a.issue_id)
        .where(a.at >= cutoff, a.kind.in_([kind.value for kind in COPIED]))
        .order_by(a.id)
    )
    return [
        RecordedDecision(
            f"act {row.id} {row.at.isoformat()}",
            row.at.isoformat(),
            f"{row.kind}: issue {row.issue_id}, by {Actor.parse(row.actor).label}",
        )
        for row in rows
    ]


def _slots(connection: sa.Connection, cutoff: datetime) -> list[RecordedDecision]:
    s = slots.c
    rows = connection.execute(
        sa.select(s.newsletter, s.nominal, s.state, s.claimed_at)
        .where(s.claimed_at >= cutoff, s.state != ACTIVE)
        .order_by(s.id)
    )
    return [
        RecordedDecision(
            f"slot {row.newsletter} {row.nominal}",
            row.claimed_at.isoformat(),
            f"slot {row.nominal} of {row.newsletter} was {row.state}",
        )
        for row in rows
    ]
