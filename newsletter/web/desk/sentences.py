"""The desk's sentences: states, times and what happens to an issue."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from newsletter.collect.health import Tone
from newsletter.model.departure import departure
from newsletter.model.issue import Issue, IssueKind
from newsletter.model.personalization import NO_RECIPIENT, fill, substitutions
from newsletter.model.publication import Newsletter
from newsletter.model.states import EDITABLE, SENDING, IssueState
from newsletter.render.catalog import Catalog

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
STATES = {
    IssueState.DRAFT: "desk.state.draft",
    IssueState.REVIEW: "desk.state.review",
    IssueState.APPROVED: "desk.state.approved",
    IssueState.PREPARING: "desk.state.preparing",
    IssueState.SUBMITTING: "desk.state.submitting",
    IssueState.SUBMITTED: "desk.state.submitted",
    IssueState.PAUSED: "desk.state.paused",
    IssueState.CANCELLED: "desk.state.cancelled",
    IssueState.SKIPPED: "desk.state.skipped",
}


@dataclass(frozen=True, slots=True)
class StatusSentence:
    """What becomes of an issue: `text` in the language of the page, then `english`, often empty.

    Recorded reasons and the sentences of reports are in English.
    """

    text: str
    english: str = ""


def filled(nonce: str, text: str, name: str = "") -> str:
    """Return a text of an edition as a preview shows it to a reader with this name."""
    return fill(text, substitutions(nonce, {**NO_RECIPIENT, "name": name}))


def moment(instant: datetime, zone: tzinfo, catalog: Catalog) -> str:
    """Write a time of day with its zone: Monday 30 November 2026 at 08:00 KST."""
    local = instant.astimezone(zone)
    day = catalog.date(local.date(), "date.full")
    return catalog.text("desk.moment", day=day, time=f"{local:%H:%M %Z}")


def due(issue: Issue, zone: tzinfo, catalog: Catalog) -> str:
    """Write when an issue is due; with reader time, from when to when."""
    first = moment(issue.due_at, zone, catalog)
    if issue.ends_at is None:
        return first
    return catalog.text("desk.span.times", first=first, last=moment(issue.ends_at, zone, catalog))


def reader_time(issue: Issue, zone: tzinfo, catalog: Catalog) -> str:
    """Say at which local time each reader gets an issue; empty if all of them get it at once."""
    if issue.ends_at is None:
        return ""
    time = f"{datetime.fromisoformat(issue.reader_time):%H:%M}"
    last = moment(issue.ends_at, zone, catalog)
    return catalog.text("desk.outlook.reader_time", time=time, last=last)


def stamp(instant: datetime, zone: tzinfo) -> str:
    """Write a time for a table, in every language alike: 2026-11-30 08:00 KST."""
    return f"{instant.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def distance(span: timedelta, catalog: Catalog) -> str:
    """Write a span in its two largest units: 1 day 22 hours."""
    minutes = int(abs(span).total_seconds() // 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    units = (("desk.span.days", days), ("desk.span.hours", hours), ("desk.span.minutes", minutes))
    parts = [catalog.count(key, number) for key, number in units if number]
    return " ".join(parts[:2]) or catalog.text("desk.span.none")


def state(issue: Issue, catalog: Catalog) -> str:
    """Name the state of an issue, without its reason."""
    return catalog.text(STATES[issue.state])


def outlook(
    issue: Issue, newsletter: Newsletter, now: datetime, catalog: Catalog
) -> StatusSentence:
    """Say when an issue goes out, or what became of it, in one sentence."""
    found = _outlook(issue, newsletter, now, catalog)
    by_zone = reader_time(issue, newsletter.timezone, catalog)
    if not by_zone or issue.state not in EDITABLE | SENDING:
        return found
    return replace(found, text=f"{found.text} {by_zone}")


def _outlook(
    issue: Issue, newsletter: Newsletter, now: datetime, catalog: Catalog
) -> StatusSentence:
    zone = newsletter.timezone
    if issue.state is IssueState.SUBMITTED and issue.submitted_at is not None:
        when = moment(issue.submitted_at, zone, catalog)
        return StatusSentence(catalog.text("desk.outlook.submitted", when=when))
    if issue.state is IssueState.APPROVED:
        return StatusSentence(_approved(issue, newsletter, now, catalog))
    if issue.state in EDITABLE:
        return StatusSentence(_unapproved(issue, newsletter, now, catalog))
    when, name = moment(issue.due_at, zone, catalog), state(issue, catalog)
    if issue.reason:
        because = catalog.text("desk.outlook.because", when=when, state=name)
        return StatusSentence(because, f"{issue.reason}.")
    return StatusSentence(catalog.text("desk.outlook.due", when=when, state=name))


def _approved(issue: Issue, newsletter: Newsletter, now: datetime, catalog: Catalog) -> str:
    at = departure(issue, newsletter)
    approved = (
        catalog.text("desk.outlook.approved_by", who=issue.approved_by.label)
        if issue.approved_by
        else catalog.text("desk.outlook.approved")
    )
    if at <= now:
        return f"{catalog.text('desk.outlook.next_pass')} {approved}"
    when, span = moment(at, newsletter.timezone, catalog), distance(at - now, catalog)
    return f"{catalog.text('desk.outlook.goes', when=when, span=span)} {approved}"


def _unapproved(issue: Issue, newsletter: Newsletter, now: datetime, catalog: Catalog) -> str:
    """Say when an issue would go out if it were approved at the last minute."""
    zone = newsletter.timezone
    if issue.kind is IssueKind.CORRECTION:
        drafted = moment(issue.drafted_at, zone, catalog)
        return catalog.text("desk.outlook.waits", when=drafted)
    deadline = issue.due_at - newsletter.approve_by
    if issue.due_at <= now:
        due, span = moment(issue.due_at, zone, catalog), distance(now - issue.due_at, catalog)
        return catalog.text("desk.outlook.was_due", when=due, span=span)
    at = departure(replace(issue, approved_at=max(deadline, now)), newsletter)
    when, span = moment(at, zone, catalog), distance(at - now, catalog)
    if deadline <= now:
        return catalog.text("desk.outlook.if_now", when=when, span=span)
    by = f"{deadline.astimezone(zone):%H:%M}"
    return catalog.text("desk.outlook.if_by", when=when, span=span, by=by)
