"""Which reports of issues are due to be emailed to staff."""

from datetime import datetime, timedelta

import sqlalchemy as sa

from newsletter.model.issue import Issue
from newsletter.model.retention import NOTICES_LEAST
from newsletter.model.states import IssueState
from newsletter.store.content import issues
from newsletter.store.people import notices

AFTER = timedelta(days=1)
"""Most events arrive within a day."""
UNTIL = NOTICES_LEAST
"""An older report is not worth an email: the program did not run, or is new."""


def key(issue: Issue) -> str:
    """Return the key that makes the email of a report unique."""
    return f"report:{issue.id}"


def due(connection: sa.Connection, now: datetime) -> list[Issue]:
    """Return the issues whose report has not been emailed and is due."""
    recent = issues.recent(connection, states=[IssueState.SUBMITTED])
    found = {
        key(issue): issue
        for issue in recent
        if issue.submitted_at is not None and AFTER <= now - issue.submitted_at < UNTIL
    }
    known = notices.known(connection, found) if found else set()
    return [issue for name, issue in found.items() if name not in known]
