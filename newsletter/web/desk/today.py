"""The first page: what goes out next, what needs a person, and how the sources are."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice

import sqlalchemy as sa

from newsletter.collect.health import Tone
from newsletter.model.issue import Issue
from newsletter.model.naming import issue_name
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.slot import Due, Timing, next_draft, note, offset
from newsletter.model.states import UNFINISHED, IssueState
from newsletter.pipeline import statuses
from newsletter.render.catalog import Catalog
from newsletter.send import status
from newsletter.send.context import SendingContext
from newsletter.store.content import agendas, editions, issues, pauses, slots
from newsletter.usecases import sign_ups
from newsletter.web.desk import sentences
from newsletter.web.desk.happened import Happening, since_yesterday
from newsletter.web.desk.lists import IssueRow, SourceRow, issue_rows, source_rows
from newsletter.web.desk.next_steps import advise, as_button, as_link
from subscribers.phrase import Phrase, joined

WAITING = {IssueState.DRAFT, IssueState.REVIEW, IssueState.PAUSED}
SLOTS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Card:
    """An open issue, or a newsletter that has none; then `href` and `state` are empty.

    `english` goes on after the sentence, and `reason` is in English, too.
    """

    title: str
    sentence: str
    english: str = ""
    state: str = ""
    reason: str = ""
    tone: Tone = "soft"
    subject: str = ""
    items: int = 0
    href: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that a person has to do, and the button to the form that settles it, if any."""

    what: str
    advice: str
    href: str = ""
    button: str = ""


@dataclass(frozen=True, slots=True)
class SlotRow:
    """A slot that has no issue yet."""

    newsletter: str
    due: str
    note: str


@dataclass(frozen=True, slots=True)
class TodayView:
    """Everything that the first page shows."""

    title: str
    lead: str
    cards: tuple[Card, ...]
    issues: tuple[IssueRow, ...]
    needs: tuple[Need, ...]
    happened: tuple[Happening, ...]
    slots: tuple[SlotRow, ...]
    sources: tuple[SourceRow, ...]


def today_view(connection: sa.Connection, context: SendingContext, catalog: Catalog) -> TodayView:
    """Return everything that the first page shows."""
    publication, now = context.publication, context.now
    open_issues = sorted(issues.every(connection, list(UNFINISHED)), key=_by_due)
    needs = tuple(_needs(connection, context, catalog))
    return TodayView(
        title=_headline(publication, open_issues, needs, now, catalog),
        lead=_now(publication, now, catalog),
        cards=tuple(_cards(connection, open_issues, context, catalog)),
        issues=issue_rows(connection, publication, catalog, limit=8),
        needs=needs,
        happened=since_yesterday(connection, publication, catalog, now),
        slots=_slots(connection, publication, now, catalog),
        sources=source_rows(connection, publication, now),
    )


def _now(publication: Publication, now: datetime, catalog: Catalog) -> str:
    local = now.astimezone(publication.timezone)
    return f"{catalog.date(local.date(), 'date.full')}, {local:%H:%M %Z}"


def _by_due(issue: Issue) -> tuple[datetime, int]:
    return issue.due_at, issue.id


def _headline(
    publication: Publication,
    open_issues: list[Issue],
    needs: Sequence[Need],
    now: datetime,
    catalog: Catalog,
) -> str:
    """Name the one issue that waits by its weekday, or by its date if it is past or a week away."""
    waiting = [issue for issue in open_issues if issue.state in WAITING]
    if len(waiting) > 1:
        return catalog.count("desk.today.waiting", len(waiting))
    for issue in waiting:
        newsletter = publication.newsletter(issue.newsletter)
        zone = newsletter.timezone if newsletter else publication.timezone
        due, today = issue.due_at.astimezone(zone).date(), now.astimezone(zone).date()
        if today <= due < today + timedelta(days=7):
            weekday = catalog.date(due, "date.long_weekday")
            return catalog.text("desk.today.weekday", weekday=weekday)
        return catalog.text("desk.today.date", date=catalog.date(due, "date.short"))
    return catalog.text("desk.today.attention" if needs else "desk.today.well")


def _cards(
    connection: sa.Connection,
    open_issues: list[Issue],
    context: SendingContext,
    catalog: Catalog,
) -> Iterable[Card]:
    """Yield a card for every open issue, the next one first, then the newsletters without one."""
    for issue in open_issues:
        yield _card(connection, issue, context, catalog)
    busy = {issue.newsletter for issue in open_issues}
    for newsletter in context.publication.newsletters:
        if newsletter.key not in busy:
            taken = slots.taken_ahead(connection, newsletter.key, context.now)
            present = pauses.applied(connection, newsletter)
            sentence = no_issue(present, taken, context.now, catalog)
            yield Card(newsletter.title, sentence)


def _card(
    connection: sa.Connection, issue: Issue, context: SendingContext, catalog: Catalog
) -> Card:
    newsletter = context.publication.newsletter(issue.newsletter)
    included = [item for item in issues.load_items(connection, issue.id) if item.included]
    found = describe(connection, issue, newsletter, context, catalog)
    return Card(
        title=issue_name(issue, newsletter),
        sentence=found.text,
        english=found.english,
        state=sentences.state(issue, catalog),
        reason=issue.reason,
        tone=sentences.TONES[issue.state],
        subject=_subject(connection, issue, catalog),
        items=len(included),
        href=f"/issues/{issue.id}",
    )


def _subject(connection: sa.Connection, issue: Issue, catalog: Catalog) -> str:
    """Return the subject that staff wrote, or the one of the first edition, filled for a sample."""
    if issue.subject:
        return issue.subject
    subject, nonce = editions.first_subject(connection, issue.id)
    return sentences.filled(nonce, subject) or catalog.text("desk.today.no_subject")


def no_issue(newsletter: Newsletter, taken: frozenset[str], now: datetime, catalog: Catalog) -> str:
    """Say when the next issue of a newsletter is drafted."""
    if newsletter.cadence.on_publish:
        return catalog.text("desk.outlook.no_alert")
    slot, begins = next_draft(Timing.of(newsletter), taken, now)
    due = sentences.moment(slot.due_at, newsletter.timezone, catalog)
    if begins <= now:
        return catalog.text("desk.outlook.drafts_now", due=due)
    at = sentences.moment(begins, newsletter.timezone, catalog)
    return catalog.text("desk.outlook.drafts_at", at=at, due=due)


def describe(
    connection: sa.Connection,
    issue: Issue,
    newsletter: Newsletter | None,
    context: SendingContext,
    catalog: Catalog,
) -> sentences.StatusSentence:
    """Say when an issue goes out, or what became of it, and why the rest of it has to wait."""
    if newsletter is None:
        state = sentences.state(issue, catalog)
        named = f"{state}: {issue.reason}" if issue.reason else state
        table = f"[newsletters.{issue.newsletter}]"
        return sentences.StatusSentence(
            catalog.text("desk.outlook.unconfigured", state=named, table=table)
        )
    found = status.of(connection, issue.id, context)
    outlook = sentences.outlook(issue, newsletter, context.now, catalog)
    waits = (Phrase("{why}.", why=why) for why in statuses.waiting(found))
    return replace(outlook, english=joined((outlook.english, *waits), " "))


def _needs(connection: sa.Connection, context: SendingContext, catalog: Catalog) -> Iterable[Need]:
    """Yield what waits for a person, worded as in the report of a pass."""
    for line in statuses.unfinished(connection, context):
        if line.next_step:
            button = catalog.text(as_button(line.next_step))
            advice = advise(line.next_step, catalog)
            yield Need(line.message, advice, href=as_link(line.issue), button=button)
    if wave := sign_ups.wave(connection, context.now):
        yield Need(wave.what, catalog.phrase(wave.advice))


def _slots(
    connection: sa.Connection, publication: Publication, now: datetime, catalog: Catalog
) -> tuple[SlotRow, ...]:
    """Return the next slots that have no issue yet."""
    found: list[tuple[Due, Newsletter]] = []
    for newsletter in publication.newsletters:
        ahead = agendas.ahead(connection, newsletter, now)
        found += [(slot, newsletter) for slot in islice(ahead, SLOTS_SHOWN)]
    found.sort(key=lambda pair: pair[0].due_at)
    return tuple(_slot_row(slot, newsletter, catalog) for slot, newsletter in found[:SLOTS_SHOWN])


def _slot_row(slot: Due, newsletter: Newsletter, catalog: Catalog) -> SlotRow:
    zone = newsletter.timezone
    due = catalog.moment(slot.wall(zone), "date.slot")
    by_zone = catalog.text("desk.slot.reader_time") if slot.reader_time else ""
    return SlotRow(
        newsletter=newsletter.title,
        due=f"{due} {by_zone or offset(slot.due_at, zone)}",
        note=note(slot, zone),
    )
