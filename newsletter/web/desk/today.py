"""What the overview pages show: today, the lists of issues, articles and sources."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.collect import health
from newsletter.model.issue import Issue
from newsletter.model.next_step import (
    ApproveIssue,
    ConfigureNewsletter,
    NextStep,
    ResumeIssue,
)
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.slot import coming, note, offset
from newsletter.model.states import UNAPPROVED, UNFINISHED, IssueState
from newsletter.pipeline import statuses
from newsletter.send import status
from newsletter.send.context import SendingContext
from newsletter.store.content import articles, issues
from newsletter.web.desk import words

WAITING = {IssueState.DRAFT, IssueState.REVIEW, IssueState.PAUSED}


def view(connection: sa.Connection, around: SendingContext) -> dict[str, Any]:
    """Return everything that the first page shows."""
    publication, now = around.publication, around.now
    opened = issues.every(connection, list(UNFINISHED))
    needs = _needs(connection, around)
    return {
        "title": _headline(publication, opened, needs),
        "lead": f"{words.moment(now, publication.timezone)}.",
        "sheets": [_sheet(connection, one, opened, around) for one in publication.newsletters],
        "issues": issue_rows(connection, publication, limit=8),
        "needs": needs,
        "slots": _slots(publication, now),
        "zone": f"Times in {publication.timezone.key} ({offset(now, publication.timezone)}).",
        "sources": source_rows(connection, publication, now),
    }


def _headline(publication: Publication, opened: list[Issue], needs: list[dict[str, str]]) -> str:
    waiting = next((one for one in reversed(opened) if one.state in WAITING), None)
    if waiting is not None:
        newsletter = publication.newsletter(waiting.newsletter)
        zone = newsletter.timezone if newsletter else publication.timezone
        return f"{waiting.due_at.astimezone(zone):%A}’s issue waits for you"
    return "Something needs a person" if needs else "All is well"


def _sheet(
    connection: sa.Connection, newsletter: Newsletter, opened: list[Issue], around: SendingContext
) -> dict[str, Any]:
    issue = next((one for one in opened if one.newsletter == newsletter.key), None)
    if issue is None:
        slot = coming(newsletter.cadence, newsletter.timezone, around.now, 1)[0]
        begins = words.moment(slot.due_at - newsletter.lead, newsletter.timezone)
        return {
            "title": newsletter.title,
            "state": "",
            "tone": "",
            "says": f"No issue is open. The next one is drafted {begins}.",
            "facts": [],
            "href": "",
        }
    included = [item for item in issues.load_items(connection, issue.id) if item.included]
    return {
        "title": f"{newsletter.title}, No. {issue.number}",
        "state": words.state(issue),
        "tone": words.TONES[issue.state],
        "says": leaves(connection, issue, newsletter, around),
        "facts": [("Subject", issue.subject), ("Items", len(included))],
        "href": f"/issues/{issue.id}",
    }


def leaves(
    connection: sa.Connection, issue: Issue, newsletter: Newsletter, around: SendingContext
) -> str:
    """Say when an issue leaves, or what became of it, and why the rest of it waits."""
    stands = status.of(connection, issue.id, around)
    said = [words.leaves(issue, newsletter, around.now)]
    return " ".join([*said, *(f"{why}." for why in statuses.waiting(stands))])


def _needs(connection: sa.Connection, around: SendingContext) -> list[dict[str, str]]:
    """Return what waits for a person, in the words of the pass's report."""
    return [
        {
            "what": one.message,
            "why": _advice(one.next_step),
            "href": f"/issues/{one.issue.id}/{_page(one.issue)}",
        }
        for one in statuses.unfinished(connection, around)
        if one.next_step
    ]


def _advice(step: NextStep) -> str:
    match step:
        case ApproveIssue():
            return "Preview it, then approve it."
        case ResumeIssue():
            return "Resume it, or cancel the rest."
        case ConfigureNewsletter(newsletter):
            return f"Put [newsletters.{newsletter}] back into newsletter.toml, or cancel it."
        case _:
            return "Decide about the batches that wait."


def _page(issue: Issue) -> str:
    return "preview" if issue.state in UNAPPROVED else "audience"


def _slots(publication: Publication, now: datetime) -> list[dict[str, str]]:
    found = [
        (slot.due_at, newsletter, slot)
        for newsletter in publication.newsletters
        for slot in coming(newsletter.cadence, newsletter.timezone, now, 3)
    ]
    found.sort(key=lambda one: one[0])
    return [
        {
            "newsletter": newsletter.title,
            "when": f"{due_at.astimezone(newsletter.timezone):%a %d %b %H:%M}",
            "note": note(datetime.fromisoformat(slot.nominal), newsletter.timezone),
        }
        for due_at, newsletter, slot in found[:5]
    ]


def issue_rows(
    connection: sa.Connection, publication: Publication, limit: int = 50
) -> list[dict[str, Any]]:
    """Return the newest issues with what was planned and submitted."""
    return [
        _issue_row(connection, publication, one) for one in issues.recent(connection, limit=limit)
    ]


def _issue_row(connection: sa.Connection, publication: Publication, issue: Issue) -> dict[str, Any]:
    newsletter = publication.newsletter(issue.newsletter)
    found = status.of(connection, issue.id)
    zone = newsletter.timezone if newsletter else publication.timezone
    return {
        "id": issue.id,
        "title": newsletter.title if newsletter else issue.newsletter,
        "number": issue.number if issue.number > 0 else "–",
        "when": words.moment(issue.due_at, zone),
        "state": words.state(issue),
        "tone": words.TONES[issue.state],
        "planned": found.planned,
        "submitted": found.submitted,
    }


def article_rows(connection: sa.Connection, limit: int = 100) -> list[dict[str, Any]]:
    """Return the articles collected last."""
    return [
        {
            "title": one.content.title,
            "lang": one.content.lang,
            "authors": ", ".join(author.name for author in one.content.authors),
            "source": one.source,
            "published": one.content.published.isoformat() if one.content.published else "no date",
            "takeaways": f"{len(one.content.takeaways)}, the author’s own"
            if one.content.takeaways
            else "none marked",
        }
        for one in articles.recent(connection, limit=limit)
    ]


def source_rows(
    connection: sa.Connection, publication: Publication, now: datetime
) -> list[dict[str, Any]]:
    """Return every source with its health in words."""
    zone = publication.timezone
    return [
        {
            "name": row.source,
            "kind": row.kind,
            "health": row.health,
            "tone": row.tone,
            "last_new": words.moment(row.last_new_at, zone) if row.last_new_at else "never",
            "next_check": words.moment(row.next_check_at, zone) if row.next_check_at else "now",
        }
        for row in health.rows(connection, publication.sources, now)
    ]
