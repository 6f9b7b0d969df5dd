"""The desk's sentences: states, times and what happens to an issue."""

from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

from newsletter.collect.health import Tone
from newsletter.model.departure import departure
from newsletter.model.issue import Issue
from newsletter.model.personalization import NO_RECIPIENT, fill, substitutions
from newsletter.model.publication import Newsletter
from newsletter.model.states import EDITABLE, IssueState

TONES: dict[IssueState, Tone] = {
    IssueState.DRAFT: "warn",
    IssueState.REVIEW: "warn",
    IssueState.APPROVED: "good",
    IssueState.PREPARING: "good",
    IssueState.SUBMITTING: "good",
    IssueState.SUBMITTED: "good",
    IssueState.PAUSED: "warn",
    IssueState.CANCELLED: "bad",
    IssueState.SKIPPED: "soft",
}
NAMES = {
    IssueState.DRAFT: "draft",
    IssueState.REVIEW: "in review",
    IssueState.CANCELLED: "canceled",
}


def filled(nonce: str, text: str, name: str = "") -> str:
    """Return a text of an edition as a preview shows it to a reader with this name."""
    return fill(text, substitutions(nonce, {**NO_RECIPIENT, "name": name}))


def day(instant: datetime, zone: tzinfo) -> str:
    """Write a day: Monday 30 November 2026."""
    local = instant.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B %Y}"


def moment(instant: datetime, zone: tzinfo) -> str:
    """Write a time of day with its zone: Monday 30 November 2026 at 08:00 KST."""
    return f"{day(instant, zone)} at {instant.astimezone(zone):%H:%M %Z}"


def stamp(instant: datetime, zone: tzinfo) -> str:
    """Write a time for a table, in every language alike: 2026-11-30 08:00 KST."""
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def distance(span: timedelta) -> str:
    """Write a span in its two largest units: 1 day 22 hours."""
    minutes = int(abs(span).total_seconds() // 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    parts = [
        f"{count} {unit}{'' if count == 1 else 's'}"
        for count, unit in ((days, "day"), (hours, "hour"), (minutes, "minute"))
        if count
    ]
    return " ".join(parts[:2]) or "less than a minute"


def state(issue: Issue) -> str:
    """Name the state of an issue, with its reason if it has one."""
    name = NAMES.get(issue.state, str(issue.state))
    return f"{name}: {issue.reason}" if issue.reason else name


def outlook(issue: Issue, newsletter: Newsletter, now: datetime) -> str:
    """Say when an issue goes out, or what became of it, in one sentence."""
    zone = newsletter.timezone
    if issue.state is IssueState.SUBMITTED and issue.submitted_at is not None:
        return f"Submitted {moment(issue.submitted_at, zone)}."
    if issue.state is IssueState.APPROVED:
        return _approved(issue, newsletter, now)
    if issue.state in EDITABLE:
        return _unapproved(issue, newsletter, now)
    return f"Due {moment(issue.due_at, zone)}; {state(issue)}."


def _approved(issue: Issue, newsletter: Newsletter, now: datetime) -> str:
    at = departure(issue, newsletter)
    approved = f"Approved by {issue.approved_by.label}." if issue.approved_by else "Approved."
    if at <= now:
        return f"Goes out with the next pass. {approved}"
    return f"Goes out {moment(at, newsletter.timezone)}, in {distance(at - now)}. {approved}"


def _unapproved(issue: Issue, newsletter: Newsletter, now: datetime) -> str:
    """Say when an issue would go out if it were approved at the last minute."""
    deadline = issue.due_at - newsletter.approve_by
    if issue.due_at <= now:
        due = moment(issue.due_at, newsletter.timezone)
        return f"Was due {due}, {distance(now - issue.due_at)} ago, and is waiting for approval."
    at = departure(replace(issue, approved_at=max(deadline, now)), newsletter)
    by = f"{deadline.astimezone(newsletter.timezone):%H:%M}"
    condition = (
        f"if someone approves it by {by}" if deadline > now else "if someone approves it now"
    )
    return f"Goes out {moment(at, newsletter.timezone)}, in {distance(at - now)}, {condition}."
