"""Draft the issues whose lead time has begun, and keep open issues rendered."""

from collections.abc import Collection, Iterator

from newsletter.errors import NewsletterError, NothingToPrint
from newsletter.model.actor import MACHINE
from newsletter.model.issue import Issue
from newsletter.model.naming import issue_name
from newsletter.model.publication import Newsletter
from newsletter.model.slot import Decision
from newsletter.model.states import EDITABLE, UNAPPROVED, IssueState
from newsletter.pipeline.report import Level, Line, counted, failure
from newsletter.pipeline.tools import Tools
from newsletter.store.content import issues
from newsletter.usecases import alerting, drafting, reviewing
from newsletter.usecases.drafting import Drafted, NotDrafted, Skipped


def draft(tools: Tools, key: str) -> Iterator[Line]:
    """Draft what is due of one newsletter, and record the slots that were missed."""
    newsletter = tools.context.publication.require_newsletter(key)
    try:
        for decision in drafting.due_slots(tools.context, MACHINE, newsletter):
            yield from _follow(tools, newsletter, decision)
        if newsletter.cadence.on_publish:
            yield from _alert(tools, newsletter)
        for frequency, slot in drafting.due_digests(tools.context, MACHINE, newsletter):
            made = drafting.draft_digest(tools.context, MACHINE, newsletter, frequency, slot)
            if made is not None:
                name = issue_name(made.issue, newsletter)
                yield Line("draft", f"{name} drafted: {counted(len(made.items), 'item')}")
    except NewsletterError as error:
        yield failure("draft", error, f"{newsletter.title}: ")


def _alert(tools: Tools, newsletter: Newsletter) -> Iterator[Line]:
    made, gone = drafting.draft_alert(tools.context, MACHINE, newsletter)
    for article_id, reason in gone.items():
        message = (
            f"{newsletter.title}: article {article_id} was withdrawn before its alert: {reason}"
        )
        yield Line("draft", message)
    if made is not None:
        name = issue_name(made.issue, newsletter)
        yield Line("draft", f"{name} drafted: {counted(len(made.items), 'item')}")


def _follow(tools: Tools, newsletter: Newsletter, decision: Decision) -> Iterator[Line]:
    nominal = decision.due.nominal
    if decision.act == "missed":
        if alerting.record_missed(tools.context, MACHINE, newsletter, decision):
            message = f"{newsletter.title}, slot {nominal}: missed, {decision.reason}"
            yield Line("draft", message, Level.FAILED, alerted=True)
        return
    if decision.act == "skipped":
        if alerting.record_off(tools.context, MACHINE, newsletter.key, decision):
            yield Line("draft", f"{newsletter.title}, slot {nominal}: skipped, {decision.reason}")
        return
    match drafting.draft(tools.context, MACHINE, newsletter, decision.due):
        case Drafted() as drafted:
            yield _drafted(drafted)
        case Skipped(issue, _, next_step):
            alerting.report_skipped(tools.context, MACHINE, issue, newsletter)
            message = f"{newsletter.title}, slot {nominal}: skipped, {issue.reason}"
            yield Line("draft", message, Level.WAITS, next_step)
        case NotDrafted():
            return


def _drafted(drafted: Drafted) -> Line:
    issue, items = drafted.issue, drafted.items
    included = sum(item.included for item in items)
    name = issue_name(issue, drafted.newsletter)
    message = f"{name} drafted: {counted(included, 'item')}"
    if issue.reason:
        text = f"{message}, and held: {issue.reason}"
        return Line("draft", text, Level.WAITS, drafted.next_step, alerted=True)
    return Line("draft", f"{message}, {len(items) - included} left out")


def render(tools: Tools, key: str) -> Iterator[Line]:
    """Render the issues of one newsletter that are not sent yet and have no current rendering."""
    newsletter = tools.context.publication.require_newsletter(key)
    for issue in open_issues(tools, key, EDITABLE):
        name = issue_name(issue, newsletter)
        try:
            rendered = reviewing.render(tools.context, MACHINE, issue.id)
        except NothingToPrint:  # the approval reports it, where it matters
            continue
        except NewsletterError as error:
            yield failure("draft", error, f"{newsletter.title}: ")
            continue
        if rendered.voided:
            step = rendered.next_step
            yield Line("draft", f"{name}: {rendered.voided}", Level.WAITS, step)
        if rendered.fresh:
            yield from (Line("draft", f"{name}: {remark}") for remark in rendered.remarks)


def open_issues(tools: Tools, key: str, states: Collection[IssueState] = UNAPPROVED) -> list[Issue]:
    """Return the issues of a newsletter in these states, the oldest first."""
    with tools.context.reader.connect() as connection:
        return issues.every(connection, states, newsletter=key)
