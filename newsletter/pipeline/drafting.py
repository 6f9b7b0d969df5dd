"""Draft the issues whose lead time has begun, and keep open issues rendered."""

from collections.abc import Collection, Iterator, Sequence

from newsletter.errors import NewsletterError, NothingToPrint
from newsletter.model.actor import MACHINE
from newsletter.model.issue import Issue
from newsletter.model.naming import issue_name
from newsletter.model.next_step import ListSources
from newsletter.model.publication import Newsletter
from newsletter.model.slot import Decision, Due, digest_key
from newsletter.model.states import EDITABLE, UNAPPROVED, IssueState
from newsletter.pipeline.report import Level, Line, StepName, counted, failure
from newsletter.pipeline.tools import Tools
from newsletter.store.content import issues
from newsletter.usecases import alerting, drafting, reviewing
from newsletter.usecases.drafting import Drafted, NotDrafted, Skipped
from subscribers.model import Frequency


def draft(tools: Tools, key: str) -> Iterator[Line]:
    """Draft what is due of one newsletter, and record the slots that were missed."""
    newsletter = tools.context.publication.require_newsletter(key)
    try:
        decisions = drafting.due_slots(tools.context, MACHINE, newsletter)
        yield from _missed(tools, newsletter, decisions)
        yield from _off(tools, newsletter.key, f"{newsletter.title}, slot", decisions)
        for decision in decisions:
            if decision.act == "draft":
                yield from _follow(tools, newsletter, decision)
        if newsletter.cadence.on_publish:
            yield from _alert(tools, newsletter)
        yield from _digests(tools, newsletter)
    except NewsletterError as error:
        yield failure(StepName.DRAFT, error, f"{newsletter.title}: ")


def _missed(tools: Tools, newsletter: Newsletter, decisions: Sequence[Decision]) -> Iterator[Line]:
    """Record the slots that passed while nothing ran; one line for all of them."""
    due = [decision for decision in decisions if decision.act == "missed"]
    if due and (new := alerting.record_missed(tools.context, MACHINE, newsletter, due)):
        message = f"{newsletter.title}, slot {_span(new)}: missed, {new[0].reason}"
        yield Line(StepName.DRAFT, message, Level.FAILED, alerted=True)


def _off(tools: Tools, key: str, name: str, decisions: Sequence[Decision]) -> Iterator[Line]:
    """Record the slots that are skipped for a reason known before; one line for each reason."""
    due = [decision for decision in decisions if decision.act == "skipped"]
    by_reason: dict[str, list[Decision]] = {}
    new = alerting.record_off(tools.context, MACHINE, key, due) if due else []
    for decision in new:
        by_reason.setdefault(decision.reason, []).append(decision)
    for reason, same in by_reason.items():
        yield Line(StepName.DRAFT, f"{name} {_span(same)}: skipped, {reason}")


def _span(decisions: Sequence[Decision]) -> str:
    """Name a slot; of several, the first, the last and the number."""
    first, last = decisions[0].due.nominal, decisions[-1].due.nominal
    return first if len(decisions) == 1 else f"{first} to {last} ({len(decisions)} slots)"


def _digests(tools: Tools, newsletter: Newsletter) -> Iterator[Line]:
    by_frequency: dict[Frequency, list[Decision]] = {}
    for frequency, decision in drafting.due_digests(tools.context, MACHINE, newsletter):
        by_frequency.setdefault(frequency, []).append(decision)
    for frequency, decisions in by_frequency.items():
        name = f"{newsletter.title}, {frequency} digest"
        yield from _off(tools, digest_key(newsletter.key, frequency), name, decisions)
        for decision in decisions:
            if decision.act == "draft":
                yield from _digest(tools, newsletter, frequency, decision.due)


def _digest(
    tools: Tools, newsletter: Newsletter, frequency: Frequency, slot: Due
) -> Iterator[Line]:
    made = drafting.draft_digest(tools.context, MACHINE, newsletter, frequency, slot)
    if isinstance(made, Drafted):
        name = issue_name(made.issue, newsletter)
        yield Line(StepName.DRAFT, f"{name} drafted: {counted(len(made.items), 'item')}")
    elif made is not None:
        decision = Decision("skipped", slot, made.reason)
        name = f"{newsletter.title}, {frequency} digest"
        if not made.wanted:
            key = digest_key(newsletter.key, frequency)
            yield from _off(tools, key, name, [decision])
        elif alerting.record_no_digest(tools.context, MACHINE, newsletter, frequency, decision):
            message = f"{name} {slot.nominal}: skipped, {made.reason}"
            yield Line(StepName.DRAFT, message, Level.WAITS, ListSources(), alerted=True)


def _alert(tools: Tools, newsletter: Newsletter) -> Iterator[Line]:
    made, gone = drafting.draft_alert(tools.context, MACHINE, newsletter)
    for article_id, reason in gone.items():
        message = (
            f"{newsletter.title}: article {article_id} was withdrawn before its alert: {reason}"
        )
        yield Line(StepName.DRAFT, message)
    if made is not None:
        name = issue_name(made.issue, newsletter)
        yield Line(StepName.DRAFT, f"{name} drafted: {counted(len(made.items), 'item')}")


def _follow(tools: Tools, newsletter: Newsletter, decision: Decision) -> Iterator[Line]:
    nominal = decision.due.nominal
    match drafting.draft(tools.context, MACHINE, newsletter, decision.due):
        case Drafted() as drafted:
            yield _drafted(drafted)
        case Skipped(issue, _, next_step):
            alerting.report_skipped(tools.context, MACHINE, issue, newsletter)
            message = f"{newsletter.title}, slot {nominal}: skipped, {issue.reason}"
            yield Line(StepName.DRAFT, message, Level.WAITS, next_step)
        case NotDrafted():
            return


def _drafted(drafted: Drafted) -> Line:
    issue, items = drafted.issue, drafted.items
    included = sum(item.included for item in items)
    name = issue_name(issue, drafted.newsletter)
    message = f"{name} drafted: {counted(included, 'item')}"
    if issue.reason:
        text = f"{message}, and held: {issue.reason}"
        return Line(StepName.DRAFT, text, Level.WAITS, drafted.next_step, alerted=True)
    return Line(StepName.DRAFT, f"{message}, {len(items) - included} left out")


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
            yield failure(StepName.DRAFT, error, f"{newsletter.title}: ")
            continue
        if rendered.voided:
            step = rendered.next_step
            yield Line(StepName.DRAFT, f"{name}: {rendered.voided}", Level.WAITS, step)
        if rendered.fresh:
            yield from (Line(StepName.DRAFT, f"{name}: {remark}") for remark in rendered.remarks)


def open_issues(tools: Tools, key: str, states: Collection[IssueState] = UNAPPROVED) -> list[Issue]:
    """Return the issues of a newsletter in these states, the oldest first."""
    with tools.context.reader.connect() as connection:
        return issues.every(connection, states, newsletter=key)
