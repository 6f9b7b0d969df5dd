"""The rows of the lists of issues and sources."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.collect import health
from newsletter.collect.health import Tone
from newsletter.model.issue import Issue
from newsletter.model.issue_report import RecipientCounts
from newsletter.model.naming import issue_name
from newsletter.model.publication import Publication
from newsletter.render.catalog import Catalog
from newsletter.store.content import issues
from newsletter.store.sending import totals
from newsletter.web.desk import sentences


@dataclass(frozen=True, slots=True)
class IssueRow:
    """An issue with how many deliveries were planned and submitted; `reason` is in English."""

    href: str
    name: str
    due: str
    state: str
    reason: str
    tone: Tone
    planned: int
    submitted: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source with its health."""

    name: str
    health: str
    tone: Tone


def issue_rows(
    connection: sa.Connection, publication: Publication, catalog: Catalog, limit: int = 50
) -> tuple[IssueRow, ...]:
    """Return the newest issues."""
    recent = issues.recent(connection, limit=limit)
    counted = totals.by_issue(connection, [issue.id for issue in recent])
    return tuple(
        _issue_row(publication, issue, counted.get(issue.id, RecipientCounts()), catalog)
        for issue in recent
    )


def _issue_row(
    publication: Publication, issue: Issue, counts: RecipientCounts, catalog: Catalog
) -> IssueRow:
    newsletter = publication.newsletter(issue.newsletter)
    zone = newsletter.timezone if newsletter else publication.timezone
    return IssueRow(
        href=f"/issues/{issue.id}",
        name=issue_name(issue, newsletter),
        due=sentences.due(issue, zone, catalog),
        state=sentences.state(issue, catalog),
        reason=issue.reason,
        tone=sentences.TONES[issue.state],
        planned=counts.planned,
        submitted=counts.submitted,
    )


def source_rows(
    connection: sa.Connection, publication: Publication, now: datetime
) -> tuple[SourceRow, ...]:
    """Return every source, in the order of the configuration."""
    return tuple(
        SourceRow(
            name=row.source,
            health=row.health,
            tone=row.tone,
        )
        for row in health.rows(connection, publication.sources, now)
    )
