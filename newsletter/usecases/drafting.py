"""Draft issues: for the next slot, for a slot that is due, and to correct an earlier issue."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from newsletter.edit import alert, digest
from newsletter.edit import run as editing
from newsletter.edit.digest import DigestSlot, NoDigest
from newsletter.edit.run import Occasion
from newsletter.errors import NotAllowed
from newsletter.model.actor import Actor, Role
from newsletter.model.issue import Issue, IssueKind, Item
from newsletter.model.next_step import (
    EditIssue,
    ListArticles,
    ListSources,
    NextStep,
    PreviewIssue,
    ViewIssue,
)
from newsletter.model.publication import Newsletter
from newsletter.model.slot import (
    Decision,
    Due,
    Timing,
    digest_key,
    digest_timings,
    due,
    local,
    next_free,
)
from newsletter.model.states import OUT, IssueState
from newsletter.send import status
from newsletter.store.content import issues, pauses, slots, sources
from newsletter.usecases.context import Context
from subscribers.model import Frequency
from subscribers.phrase import Phrase

YEARS_AHEAD = 100
"""A special issue is not planned for later."""
COVERED = "a later digest covers it"


@dataclass(frozen=True, slots=True)
class Drafted:
    """An issue was drafted; `items` are its articles and candidates in printed order.

    `already` says that it was drafted before, and that nothing changed.
    """

    issue: Issue
    newsletter: Newsletter
    items: tuple[Item, ...]
    next_step: NextStep
    already: bool = False


@dataclass(frozen=True, slots=True)
class Skipped:
    """The slot was due and there was too little to print: it is on record with the reason."""

    issue: Issue
    newsletter: Newsletter
    next_step: NextStep


@dataclass(frozen=True, slots=True)
class NotDrafted:
    """Nothing was drafted: too few new articles so far, or another worker took the slot."""

    newsletter: Newsletter
    slot: Due
    next_step: NextStep


def due_slots(context: Context, actor: Actor, newsletter: Newsletter) -> list[Decision]:
    """Return which slots of a newsletter must be drafted or recorded as missed or skipped now."""
    actor.require(Role.EDITOR)
    now = context.now()
    with context.engine.begin() as connection:
        timing = pauses.timing(connection, newsletter)
        ledger = slots.ledger(connection, newsletter.key, timing, now)
        decisions = due(timing, ledger, now)
        return [_once_a_day(connection, newsletter, timing, decision) for decision in decisions]


def _once_a_day(
    connection: sa.Connection, newsletter: Newsletter, timing: Timing, decision: Decision
) -> Decision:
    """Skip a slot on the day of an issue that was drafted before the cadence was changed."""
    nominal = datetime.fromisoformat(decision.due.nominal)
    if decision.act != "draft":
        return decision
    taken = slots.issues_on(connection, newsletter.key, nominal.date())
    if not (earlier := taken - timing.on(nominal.date())):
        return decision
    time = min(earlier)[-5:]
    reason = f"an issue for the same day was drafted for {time}, before the cadence was changed"
    return Decision("skipped", decision.due, reason)


def due_digests(
    context: Context, actor: Actor, newsletter: Newsletter
) -> list[tuple[Frequency, Decision]]:
    """Return which slots of a newsletter's digests must be drafted or recorded as skipped now.

    Of several that were due while nothing ran, only the latest is drafted: it covers the others.
    """
    actor.require(Role.EDITOR)
    found, now = list[tuple[Frequency, Decision]](), context.now()
    with context.reader.connect() as connection:
        timings = digest_timings(pauses.applied(connection, newsletter))
    for frequency, timing in timings.items():
        key = digest_key(newsletter.key, frequency)
        with context.engine.begin() as connection:
            decisions = due(timing, slots.ledger(connection, key, timing, now), now)
        off = [decision for decision in decisions if decision.act == "skipped"]
        wanted = [decision.due for decision in decisions if decision.act != "skipped"]
        covered = [Decision("skipped", slot, COVERED) for slot in wanted[:-1]]
        latest = [Decision("draft", slot) for slot in wanted[-1:]]
        found += [(frequency, decision) for decision in (*off, *covered, *latest)]
    return found


def draft_digest(
    context: Context, actor: Actor, newsletter: Newsletter, frequency: Frequency, slot: Due
) -> Drafted | NoDigest | None:
    """Draft a digest; None if another worker did it."""
    actor.require(Role.EDITOR)
    catalog = context.kit().templates.catalogs.of(newsletter.language, context.publication.language)
    weekly = frequency is Frequency.WEEKLY
    key = "issue.digest_weekly" if weekly else "issue.digest_monthly"
    made = digest.draft(
        context.engine,
        DigestSlot(newsletter.key, frequency, slot),
        subject=catalog.text(key, title=newsletter.title),
        now=context.now(),
        actor=actor,
    )
    return _drafted(context, made, newsletter) if isinstance(made, int) else made


def draft_alert(
    context: Context, actor: Actor, newsletter: Newsletter
) -> tuple[Drafted | None, Mapping[int, str]]:
    """Draft an alert of the articles whose delay is over, if any.

    The second value names the articles that were withdrawn during the delay, and why: their pages
    were taken down, or no source lists them any more. They are gone for all newsletters.
    """
    actor.require(Role.EDITOR)
    publication, now = context.publication, context.now()
    with context.reader.connect() as connection:
        days_off = pauses.applied(connection, newsletter).days_off
    if days_off.pause_on(now.astimezone(newsletter.timezone).date()):
        return None, {}
    present = alert.ready(context.engine, publication, newsletter, now=now)
    with context.reader.connect() as connection:
        removed = sources.withdrawn(connection, [each.article.id for each in present])
    gone = {number: f"the source “{key}” no longer lists it" for number, key in removed.items()}
    pages = {
        each.article.id: url
        for each in present
        if each.article.id not in gone and (url := each.article.content.url)
    }
    broken = context.broken_links(pages.values()) if pages and context.broken_links else {}
    gone |= {
        number: str(broken[url])
        for number, url in pages.items()
        if url in broken and broken[url].status in _GONE
    }
    if gone:
        alert.mark_gone(context.engine, gone)
    left = [each for each in present if each.article.id not in gone]
    issue_id = (
        alert.draft(context.engine, publication, newsletter, left, now=now, actor=actor)
        if left
        else None
    )
    drafted = None if issue_id is None else _drafted(context, issue_id, newsletter)
    return drafted, gone


_GONE = frozenset({404, 410})
"""What a server answers if a page was taken down."""


def draft_next(context: Context, actor: Actor, key: str) -> Drafted | Skipped | NotDrafted:
    """Draft the issue of a newsletter's next free slot from new articles."""
    actor.require(Role.EDITOR)
    newsletter = context.publication.require_newsletter(key)
    if newsletter.cadence.on_publish:
        msg = Phrase(
            "{key} is drafted when articles are published; use --at for a special issue",
            key=newsletter.key,
        )
        raise NotAllowed(msg)
    now = context.now()
    with context.engine.begin() as connection:
        timing = pauses.timing(connection, newsletter)
        ledger = slots.ledger(connection, newsletter.key, timing, now)
    return draft(context, actor, newsletter, next_free(timing, ledger, now))


def draft_special(
    context: Context, actor: Actor, key: str, at: datetime | None
) -> Drafted | Skipped | NotDrafted:
    """Draft a special issue from new articles, to be sent at a local time.

    It has a slot of its own, so the next regular slot stays free. `at` is naive, in the zone of
    the newsletter; None is now: it goes out once it is approved. Raises NotAllowed if it has passed.
    """
    actor.require(Role.EDITOR)
    newsletter = context.publication.require_newsletter(key)
    year = context.now().year
    if at is not None and not year - 1 <= at.year <= year + YEARS_AHEAD:
        msg = Phrase(
            "{at:%Y-%m-%d %H:%M} is not within the next {years} years",
            at=at,
            years=YEARS_AHEAD,
        )
        raise NotAllowed(msg)
    regular = Due.at(at or local(context.now(), newsletter.timezone), newsletter.timezone)
    if at is not None and regular.due_at <= context.now():
        msg = Phrase(
            "{at:%Y-%m-%d %H:%M} has passed in {timezone}", at=at, timezone=newsletter.timezone
        )
        raise NotAllowed(msg)
    slot = Due(f"{regular.nominal} special", regular.due_at, special=True)
    return draft(context, actor, newsletter, slot)


def draft(
    context: Context, actor: Actor, newsletter: Newsletter, slot: Due
) -> Drafted | Skipped | NotDrafted:
    """Draft the issue of one slot; the slot and the issue are claimed in one transaction."""
    actor.require(Role.EDITOR)
    issue_id = editing.draft(
        context.engine,
        context.publication,
        newsletter,
        slot,
        now=context.now(),
        actor=actor,
    )
    if issue_id is None:
        return NotDrafted(newsletter, slot, ListArticles())
    drafted = _drafted(context, issue_id, newsletter)
    if drafted.issue.state is IssueState.SKIPPED:
        return Skipped(drafted.issue, newsletter, ListSources())
    return drafted


def correct(
    context: Context, actor: Actor, issue_id: int, *, subject: str = "", note: str = ""
) -> Drafted:
    """Draft a correction to exactly the recipients of an issue.

    While a correction of the issue waits for approval, that one is returned. Raises NotAllowed if
    the issue has no recipients yet, or the database has forgotten them.
    """
    actor.require(Role.EDITOR)
    with context.reader.begin() as connection:
        wrong = issues.load(connection, issue_id)
        reached = status.of(connection, issue_id).planned
        earlier = issues.corrections(connection, issue_id)
    if not reached:
        if wrong.state in OUT:
            msg = Phrase(
                "the database does not know the recipients of issue {issue_id}: {reason}",
                issue_id=issue_id,
                reason=wrong.reason,
            )
            raise NotAllowed(msg, next_step=ViewIssue(issue_id))
        msg = Phrase(
            "issue {issue_id} is {state} and has no recipients yet: edit it instead",
            issue_id=issue_id,
            state=wrong.state.spoken,
        )
        raise NotAllowed(msg, next_step=EditIssue(issue_id))
    newsletter = context.publication.require_newsletter(wrong.newsletter)
    if not any(issue.editable for issue in earlier):
        # The slot is unique: of two commands at once, one drafts and the other finds its draft.
        now, nominal = context.now(), f"correction {len(earlier) + 1} of issue {issue_id}"
        occasion = Occasion(IssueKind.CORRECTION, subject, note, corrects=issue_id)
        editing.draft_special(
            context.engine, newsletter.key, Due(nominal, now), occasion, now=now, actor=actor
        )
    with context.reader.begin() as connection:
        latest = issues.corrections(connection, issue_id)[-1]
    return _drafted(context, latest.id, newsletter, already=latest in earlier)


def _drafted(
    context: Context, issue_id: int, newsletter: Newsletter, *, already: bool = False
) -> Drafted:
    with context.reader.connect() as connection:
        issue = issues.load(connection, issue_id)
        items = issues.load_items(connection, issue_id)
    return Drafted(issue, newsletter, tuple(items), PreviewIssue(issue_id), already=already)
