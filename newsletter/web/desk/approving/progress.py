"""How far an issue is: by state and by edition, how fast, and what waits until when."""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from newsletter.model.states import SENDABLE, SENDING, IssueState
from newsletter.pipeline import statuses
from newsletter.render.catalog import Catalog
from newsletter.render.report_view import STATES
from newsletter.send import status
from newsletter.send.context import SendingContext
from newsletter.send.status import IssueStatus
from newsletter.store.content import editions, issues
from newsletter.store.sending import totals

MINUTE = timedelta(minutes=1)
MOVING = SENDABLE | SENDING
"""States in which the figures may change without a person."""


@dataclass(frozen=True, slots=True)
class EditionProgress:
    """How many recipients of an edition were chosen, submitted and are left."""

    seq: int
    planned: int
    submitted: int
    left: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an issue is. `key` changes when the forms beside it are no longer the right ones.

    `waits` are English sentences, as in the report of a pass.
    """

    key: str
    moves: bool
    counts: tuple[tuple[str, int], ...]
    editions: tuple[EditionProgress, ...]
    settled: int
    planned: int
    speed: str
    waits: tuple[str, ...]


def progress(
    connection: sa.Connection,
    context: SendingContext,
    catalog: Catalog,
    issue_id: int,
    found: IssueStatus | None = None,
) -> Progress:
    """Return how far an issue is; its cost does not depend on the number of recipients."""
    issue = issues.load(connection, issue_id)
    found = found or status.of(connection, issue_id, context)
    return Progress(
        key=f"{issue.state} {issue.reason} {len(found.doubts)} {issue.winner or ''}",
        moves=issue.state in MOVING,
        counts=tuple((catalog.text(STATES[name][0]), n) for name, n in found.by_state.items()),
        editions=tuple(_editions(connection, issue_id)),
        settled=found.submitted + found.refused + found.withdrawn,
        planned=found.planned,
        speed=_speed(connection, context, catalog, found)
        if issue.state is IssueState.SUBMITTING
        else "",
        waits=tuple(statuses.waiting(found)),
    )


def _editions(connection: sa.Connection, issue_id: int) -> list[EditionProgress]:
    counted = totals.by_edition(connection, issue_id)
    return [
        EditionProgress(
            seq,
            reach.planned,
            reach.submitted,
            reach.planned - reach.submitted - reach.refused - reach.withdrawn,
        )
        for edition_id, seq in editions.numbers(connection, issue_id)
        if (reach := counted.get(edition_id))
    ]


def _speed(
    connection: sa.Connection, context: SendingContext, catalog: Catalog, found: IssueStatus
) -> str:
    """Say how many were submitted in the last minute, and how long the rest takes at this speed."""
    since = context.now - MINUTE
    number = totals.submitted_since(connection, found.issue_id, since)
    if not number:
        return catalog.text("desk.progress.still")
    if not found.waiting:
        return catalog.count("desk.progress.speed", number)
    minutes = -(-found.waiting // number)
    left = catalog.count("desk.progress.left", minutes)
    return f"{catalog.count('desk.progress.speed', number)} {left}"
