"""Issues that anyone may read: what was sent, in the edition for readers who follow no topics.

No query touches deliveries or the content of other editions.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from newsletter.model.edition import Edition
from newsletter.model.issue import Issue, IssueKind
from newsletter.model.states import BatchState, IssueState
from newsletter.model.subjects import Arm
from newsletter.store.content import editions, issues
from newsletter.store.tables import batches
from newsletter.store.tables import editions as edition_rows
from newsletter.store.tables import issues as issue_rows

LISTED = frozenset({IssueKind.REGULAR, IssueKind.SPECIAL})
"""Digests repeat these, and alerts announce single articles: neither is in the archive."""
READABLE = LISTED | {IssueKind.CORRECTION}
_OUT = (IssueState.SUBMITTING.value, IssueState.SUBMITTED.value)
_WHOLE = sa.case((issue_rows.c.winner == Arm.B.value, 2), else_=1)
"""The number of the edition for readers who follow no topics; the others show what few people chose.

The second has the same contents and the second subject, if two were tested.
"""


@dataclass(frozen=True, slots=True)
class ArchivedIssue:
    """An issue as a list shows it; `corrected_at` is when its last correction was sent.

    `nonce` marks the placeholders in the subject and the preheader.
    """

    id: int
    number: int
    nominal: str
    subject: str
    preheader: str
    nonce: str
    sent_at: datetime
    corrected_at: datetime | None = None


def listed(
    connection: sa.Connection, newsletter: str, *, before: int | None = None, limit: int
) -> list[ArchivedIssue]:
    """Return the issues of a newsletter, latest first, from after the issue `before` on."""
    i, e = issue_rows.c, edition_rows.c
    query = (
        sa.select(i.id, i.number, i.nominal, e.subject, e.preheader, e.nonce, i.frozen_at)
        .join(edition_rows, sa.and_(e.issue_id == i.id, e.seq == _WHOLE))
        .where(i.newsletter == newsletter, _is_public(LISTED))
        .order_by(i.frozen_at.desc(), i.id.desc())
        .limit(limit)
    )
    if before is not None:
        last = sa.select(i.frozen_at).where(i.id == before, i.newsletter == newsletter)
        sent_at = connection.scalar(last)
        if sent_at is None:
            return []
        query = query.where(
            sa.or_(i.frozen_at < sent_at, sa.and_(i.frozen_at == sent_at, i.id < before))
        )
    found = [ArchivedIssue(*row) for row in connection.execute(query)]
    corrected = _corrected_at(connection, [issue.id for issue in found])
    return [replace(issue, corrected_at=corrected.get(issue.id)) for issue in found]


def load(connection: sa.Connection, newsletter: str, issue_id: int) -> tuple[Issue, Edition] | None:
    """Return an issue and its public edition; None if it is not in the archive."""
    query = sa.select(edition_rows.c.id).join(
        issue_rows,
        sa.and_(issue_rows.c.id == edition_rows.c.issue_id, edition_rows.c.seq == _WHOLE),
    )
    edition_id = connection.scalar(
        query.where(
            issue_rows.c.id == issue_id,
            issue_rows.c.newsletter == newsletter,
            _is_public(READABLE),
        )
    )
    edition = editions.load(connection, edition_id) if edition_id is not None else None
    return (issues.load(connection, issue_id), edition) if edition is not None else None


def corrections(connection: sa.Connection, issue_id: int) -> list[Issue]:
    """Return the corrections of an issue that anyone may read, oldest first."""
    public = sa.select(issue_rows.c.id).where(
        issue_rows.c.corrects_issue_id == issue_id, _is_public(READABLE)
    )
    known = set(connection.scalars(public))
    return [issue for issue in issues.corrections(connection, issue_id) if issue.id in known]


def _is_public(kinds: Collection[IssueKind]) -> sa.ColumnElement[bool]:
    """Whether an issue has reached someone and is not paused or cancelled."""
    i, b = issue_rows.c, batches.c
    reached = sa.exists().where(b.issue_id == i.id, b.state == BatchState.ACCEPTED.value)
    return sa.and_(
        i.kind.in_(sorted(kind.value for kind in kinds)),
        i.state.in_(_OUT),
        i.frozen_at.is_not(None),
        reached,
    )


def _corrected_at(connection: sa.Connection, ids: Collection[int]) -> dict[int, datetime]:
    i = issue_rows.c
    query = (
        sa.select(i.corrects_issue_id, sa.func.max(i.frozen_at))
        .where(i.corrects_issue_id.in_(ids), _is_public(READABLE))
        .group_by(i.corrects_issue_id)
    )
    return {row[0]: row[1] for row in connection.execute(query)}
