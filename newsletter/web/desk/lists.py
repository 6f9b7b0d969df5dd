"""The rows of the lists of issues and sources."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.collect import health
from newsletter.collect.health import Tone
from newsletter.model.issue import Issue
from newsletter.model.naming import issue_name
from newsletter.model.publication import Publication
from newsletter.send import status
from newsletter.store.content import issues
from newsletter.web.desk import sentences


@dataclass(frozen=True, slots=True)
class IssueRow:
    """An issue with how many deliveries were planned and submitted."""

    href: str
    name: str
    due: str
    state: str
    tone: Tone
    planned: int
    submitted: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source with its health."""

    name: str
    kind: str
    health: str
    tone: Tone
    last_new: str
    next_check: str


def issue_rows(
    connection: sa.Connection, publication: Publication, limit: int = 50
) -> tuple[IssueRow, ...]:
    """Return the newest issues."""
    recent = issues.recent(connection, limit=limit)
    return tuple(_issue_row(connection, publication, issue) for issue in recent)


def _issue_row(connection: sa.Connection, publication: Publication, issue: Issue) -> IssueRow:
    newsletter = publication.newsletter(issue.newsletter)
    counts = status.of(connection, issue.id)
    zone = newsletter.timezone if newsletter else publication.timezone
    return IssueRow(
        href=f"/issues/{issue.id}",
        name=issue_name(issue, newsletter),
        due=sentences.moment(issue.due_at, zone),
        state=sentences.state(issue),
        tone=sentences.TONES[issue.state],
        planned=counts.planned,
        submitted=counts.submitted,
    )


def source_rows(
    connection: sa.Connection, publication: Publication, now: datetime
) -> tuple[SourceRow, ...]:
    """Return every source, in the order of the configuration."""
    zone = publication.timezone
    return tuple(
        SourceRow(
            name=row.source,
            kind=row.kind,
            health=row.health,
            tone=row.tone,
            last_new=sentences.moment(row.last_new_at, zone) if row.last_new_at else "never",
            next_check=sentences.moment(row.next_check_at, zone) if row.next_check_at else "now",
        )
        for row in health.rows(connection, publication.sources, now)
    )
