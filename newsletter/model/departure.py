"""When an approved issue goes out."""

from datetime import datetime

from newsletter.model.issue import Issue
from newsletter.model.publication import Newsletter


def departure(issue: Issue, newsletter: Newsletter) -> datetime:
    """Return when an approved issue may be sent: at its slot, after the undo window, in UTC.

    An unapproved issue is taken as approved at its slot.
    """
    if issue.leaves_at is not None:
        return issue.leaves_at
    approved_at = issue.approved_at or issue.due_at
    return max(issue.due_at, approved_at + newsletter.undo)
