"""Email staff the report of an issue, once, a day after it was submitted."""

from dataclasses import asdict

from newsletter.model.actor import Actor, Role
from newsletter.model.issue import Issue
from newsletter.render.report_view import sections
from newsletter.store.counting import domains
from newsletter.store.people import notices, reports
from newsletter.store.people.notices import Notice
from newsletter.usecases import reporting
from newsletter.usecases.context import Context
from subscribers.model import NoticeKind

EMAILED = ("positions", "engagement", "comparison", "excluded", "domains")
"""The sections of the email; the desk has all of them."""


def email_reports(context: Context, actor: Actor) -> list[str]:
    """Queue the email of every report that is due; return the names of the issues.

    A unique key makes a second run harmless, also one at the same time.
    """
    actor.require(Role.EDITOR)
    with context.reader.connect() as connection:
        waiting = reports.due(connection, context.now())
    return [name for issue in waiting if (name := _email(context, issue))]


def _email(context: Context, issue: Issue) -> str:
    """Queue one report; return the name of the issue, "" if another process was faster."""
    publication = context.publication
    with context.engine.begin() as connection:
        domains.counted(connection, issue.id)
    report = reporting.issue_report(context, issue.id)
    catalog = context.kit().templates.catalogs.of(publication.language)
    newsletter = publication.newsletter(issue.newsletter)
    zone = newsletter.timezone if newsletter else publication.timezone
    shown = [
        {name: asdict(part)[name] for name in ("title", "notes", "head", "rows")}
        for part in sections(report, catalog, zone)
        if part.name in EMAILED
    ]
    notice = Notice(
        NoticeKind.REPORT,
        reports.key(issue),
        address=publication.alerts or (publication.reply_to or publication.sender).address,
        language=publication.language,
        values={"title": report.name, "sections": shown},
    )
    with context.engine.begin() as connection:
        queued = notices.queue(connection, notice, now=context.now())
    return report.name if queued else ""
