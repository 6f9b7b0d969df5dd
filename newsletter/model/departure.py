"""When an approved issue goes out, and when it is too late for that."""

from datetime import datetime, timedelta

from newsletter.model.issue import Issue
from newsletter.model.publication import Newsletter
from newsletter.model.slot import PROMPT, Timing, upcoming


def departure(issue: Issue, newsletter: Newsletter) -> datetime:
    """Return when an approved issue may be sent: at its slot, after the undo window, in UTC.

    An unapproved issue is taken as approved at its slot.
    """
    if issue.leaves_at is not None:
        return issue.leaves_at
    approved_at = issue.approved_at or issue.due_at
    return max(issue.due_at, approved_at + newsletter.undo)


def lateness(issue: Issue, newsletter: Newsletter, now: datetime) -> timedelta:
    """Return for how long nothing ran since an issue could go out; 0 within its grace."""
    late = now - _last(issue, newsletter)
    return late if late > max(newsletter.late.grace, PROMPT) else timedelta(0)


def is_overtaken(issue: Issue, newsletter: Newsletter, now: datetime) -> bool:
    """Return whether an issue may not go out unless a person says so, because nothing ran in time.

    `catch_up` decides, as about slots without an issue: the latest may be late, older ones may not.
    `newsletter` has its present pauses applied.
    """
    if not lateness(issue, newsletter, now) or newsletter.catch_up == "all":
        return False
    if newsletter.catch_up == "none":
        return True
    timing = Timing.of(newsletter)
    if timing.cadence.on_publish:
        return False
    return next(upcoming(timing, _last(issue, newsletter))).due_at <= now


def _last(issue: Issue, newsletter: Newsletter) -> datetime:
    """Return when the last readers may get an issue: in other time zones, later than the first."""
    at = departure(issue, newsletter)
    return max(at, issue.ends_at) if issue.ends_at else at
