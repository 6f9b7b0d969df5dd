"""The desk's sentences: states, times and reasons as staff read them."""

from datetime import datetime, timedelta, tzinfo

from newsletter.model.issue import Issue
from newsletter.model.publication import Newsletter
from newsletter.model.states import IssueState

TONES = {
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
NAMES = {IssueState.DRAFT: "draft", IssueState.REVIEW: "in review"}


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: 1 item, 8 items."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def people(number: int) -> str:
    """Write a number of people."""
    return counted(number, "person", "people")


def reason(word: str) -> str:
    """Write a reason as it is read: suppressed (bounce)."""
    what, _, why = word.partition(":")
    return f"{what} ({why})" if why else what


def day(instant: datetime, zone: tzinfo) -> str:
    """Write a day: Monday 30 November 2026."""
    local = instant.astimezone(zone)
    return f"{local:%A} {local.day} {local:%B %Y}"


def moment(instant: datetime, zone: tzinfo) -> str:
    """Write a time of day with its zone: Monday 30 November 2026 at 08:00 KST."""
    return f"{day(instant, zone)} at {instant.astimezone(zone):%H:%M %Z}"


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
    """Name the state of an issue, with its reason where it has one."""
    name = NAMES.get(issue.state, str(issue.state))
    return f"{name}: {issue.reason}" if issue.reason else name


def leaves(issue: Issue, newsletter: Newsletter, now: datetime) -> str:
    """Say when an issue leaves, or what became of it, in one sentence."""
    zone = newsletter.timezone
    at = moment(issue.due_at, zone)
    if issue.state is IssueState.SUBMITTED and issue.submitted_at is not None:
        return f"Submitted {moment(issue.submitted_at, zone)}."
    if issue.state in {IssueState.DRAFT, IssueState.REVIEW, IssueState.APPROVED}:
        return _ahead(issue, newsletter, issue.due_at - now)
    return f"Was due {at}; {state(issue)}."


def _ahead(issue: Issue, newsletter: Newsletter, away: timedelta) -> str:
    at = moment(issue.due_at, newsletter.timezone)
    approver = issue.approved_by if issue.state is IssueState.APPROVED else None
    approved = f"Approved by {approver.label}." if approver else ""
    if away <= timedelta(0):
        if approved:
            return f"Leaves with the next pass. {approved}"
        return f"Was due {at}, {distance(away)} ago, and waits for approval."
    if approved:
        return f"Leaves {at}, in {distance(away)}. {approved}"
    by = (issue.due_at - newsletter.approve_by).astimezone(newsletter.timezone)
    return f"Leaves {at}, in {distance(away)}, if someone approves it by {by:%H:%M}."


def next_act(issue: Issue) -> tuple[str, str]:
    """Say the next right act of a person, and the command that does it (may be empty)."""
    match issue.state:
        case IssueState.DRAFT | IssueState.REVIEW:
            return (
                "Read the preview. Correct what is wrong; then approve exactly these bytes.",
                f"newsletter edit {issue.id}\nnewsletter approve {issue.id}",
            )
        case IssueState.APPROVED:
            return (
                "It is approved and leaves by itself. Any change asks for approval again.",
                f"newsletter send {issue.id} --now",
            )
        case IssueState.PAUSED:
            return (
                "It is paused. Resume it, or cancel the rest.",
                f"newsletter send {issue.id} --resume",
            )
        case IssueState.PREPARING | IssueState.SUBMITTING:
            return ("It is leaving. Look at the deliveries.", f"newsletter issues show {issue.id}")
        case _:
            return ("Nothing is left to do.", "")
