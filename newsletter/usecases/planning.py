"""Plan the coming slots of all newsletters: look at them, skip one, pause a newsletter."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import takewhile

import sqlalchemy as sa

from newsletter.edit import approval
from newsletter.errors import NotAllowed
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.agenda import COMING, AgendaSlot
from newsletter.model.days_off import LONGEST_PAUSE, Pause
from newsletter.model.issue import Issue
from newsletter.model.next_step import ViewIssue
from newsletter.model.publication import Newsletter
from newsletter.model.slot import Due, Timing, offset
from newsletter.model.states import EDITABLE, UNAPPROVED, UNFINISHED, IssueState
from newsletter.store import acts
from newsletter.store.content import agendas, issues, pauses, slots
from newsletter.usecases.context import Context
from subscribers.phrase import Phrase

LONGEST_REASON = 200
ELSEWHERE = Phrase("printed in another issue since this one was skipped")


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    """A slot of a newsletter. `kind` is that of an issue outside the cadence, else empty."""

    newsletter: Newsletter
    slot: AgendaSlot
    kind: str = ""

    @property
    def free(self) -> bool:
        """Return whether the slot comes and has no issue yet."""
        return self.slot.state == COMING


@dataclass(frozen=True, slots=True)
class SlotSkipped:
    """A slot was skipped; `issue_id` is its issue, if one was drafted."""

    newsletter: Newsletter
    nominal: str
    issue_id: int | None


@dataclass(frozen=True, slots=True)
class SlotRestored:
    """A slot is no longer skipped; `issue_id` is its issue, a draft again, if it has one."""

    newsletter: Newsletter
    nominal: str
    issue_id: int | None


@dataclass(frozen=True, slots=True)
class NewsletterPaused:
    """What a pause skips: slots without an issue, and issues that have not gone out.

    `sending` are issues in that time that are being sent already: a pause does not stop them.
    """

    newsletter: Newsletter
    pause: Pause
    slots: tuple[Due, ...]
    issues: tuple[Issue, ...]
    sending: tuple[Issue, ...]


def coming(
    context: Context, actor: Actor, since: datetime, until: datetime
) -> tuple[PlannedSlot, ...]:
    """Return the slots and issues of all newsletters that are due in a time, the next one first."""
    actor.require(Role.EDITOR)
    now = context.now()
    with context.reader.connect() as connection:
        found = [
            planned
            for newsletter in context.publication.newsletters
            for planned in _planned(connection, newsletter, since, until, now)
        ]
    return tuple(sorted(found, key=lambda planned: (planned.slot.due.due_at, planned.kind)))


def calendar_file(
    name: str, slots: Iterable[tuple[Newsletter, AgendaSlot]], now: datetime
) -> bytes:
    """Return slots as an iCalendar file (RFC 5545) for calendar programs."""
    from newsletter.fetch import calendars  # noqa: PLC0415 - slow, and rarely needed

    entries = [
        calendars.CalendarEntry(
            uid=f"{slot.due.nominal}@{newsletter.key}",
            summary=f"{newsletter.title}: {slot.state}",
            begins=slot.due.due_at,
            description=slot.note,
        )
        for newsletter, slot in slots
    ]
    return calendars.write(name, entries, now)


def _planned(
    connection: sa.Connection,
    newsletter: Newsletter,
    since: datetime,
    until: datetime,
    now: datetime,
) -> Iterator[PlannedSlot]:
    if not newsletter.cadence.on_publish:
        walked = agendas.of(connection, newsletter, since, now)
        for slot in takewhile(lambda slot: slot.due.due_at <= until, walked):
            yield PlannedSlot(newsletter, slot)
    for issue in agendas.outside_the_cadence(connection, newsletter.key, since, until):
        due = Due(
            issue.nominal,
            issue.due_at,
            special=True,
            reader_time=issue.reader_time,
            ends_at=issue.ends_at,
        )
        at = offset(issue.due_at, newsletter.timezone)
        slot = AgendaSlot(due, issue.state.value, at, issue.reason, issue.id)
        yield PlannedSlot(newsletter, slot, issue.kind.value)


def skip_slot(
    context: Context, actor: Actor, key: str, nominal: str, *, reason: str
) -> SlotSkipped:
    """Skip a coming slot, and its issue if that has not gone out; its articles carry over.

    Raises NotAllowed without a reason, if there is no such slot ahead, or if its issue is being sent.
    """
    actor.require(Role.APPROVER)
    why, newsletter = _reason(reason), context.publication.require_newsletter(key)
    now = context.now()
    with context.engine.begin() as connection:
        chosen = _slot_ahead(connection, newsletter, nominal, now)
        new = slots.record(connection, key, chosen.due, now, state="skipped", reason=why)
        if not new:
            # Look again: someone may have drafted it in the meantime.
            chosen = _slot_ahead(connection, newsletter, nominal, now)
            if chosen.issue_id is None:
                msg = Phrase(
                    "the slot {nominal} of {key} is {state} already",
                    nominal=nominal,
                    key=key,
                    state=chosen.state,
                )
                raise NotAllowed(msg)
            _skip_issue(connection, issues.load(connection, chosen.issue_id), actor, now, why)
        detail = {"newsletter": key, "slot": nominal, "reason": why}
        act = Act(now, actor, ActKind.SLOT_SKIPPED, chosen.issue_id, detail=detail)
        acts.record(connection, act)
    return SlotSkipped(newsletter, nominal, chosen.issue_id)


def restore_slot(context: Context, actor: Actor, key: str, nominal: str) -> SlotRestored:
    """Take back that a coming slot was skipped; its issue becomes a draft again.

    The draft no longer prints what another open issue has taken over. Raises NotAllowed if there is
    no such slot ahead, or if it was not skipped.
    """
    actor.require(Role.APPROVER)
    newsletter, now = context.publication.require_newsletter(key), context.now()
    with context.engine.begin() as connection:
        chosen = _slot_ahead(connection, newsletter, nominal, now)
        if chosen.issue_id is None:
            back = slots.forget(connection, key, nominal)
        else:
            back = _reopen(connection, issues.load(connection, chosen.issue_id))
        if not back:
            msg = Phrase("the slot {nominal} of {key} is not skipped", nominal=nominal, key=key)
            raise NotAllowed(msg)
        detail = {"newsletter": key, "slot": nominal}
        act = Act(now, actor, ActKind.SLOT_RESTORED, chosen.issue_id, detail=detail)
        acts.record(connection, act)
    return SlotRestored(newsletter, nominal, chosen.issue_id)


def _reopen(connection: sa.Connection, issue: Issue) -> bool:
    """Make a draft of a skipped issue; return False if it is not skipped."""
    issues.lock(connection, issue.id)
    skipped = [IssueState.SKIPPED]
    if not issues.move(connection, issue.id, from_states=skipped, to=IssueState.DRAFT, reason=""):
        return False
    taken = issues.spoken_for(connection, issue.newsletter, but=issue.id)
    printed = {*taken, *issues.printed_before(connection, issue)}
    items = [
        replace(item, included=False, pinned=False, reason=ELSEWHERE)
        if item.article_id in printed
        else item
        for item in issues.load_items(connection, issue.id)
    ]
    issues.replace_items(connection, issue.id, items)
    return True


def _slot_ahead(
    connection: sa.Connection, newsletter: Newsletter, nominal: str, now: datetime
) -> AgendaSlot:
    """Return a coming slot by its nominal time; raise NotAllowed if there is none within a year."""
    if not newsletter.cadence.on_publish:
        walked = agendas.of(connection, newsletter, now, now)
        within = takewhile(lambda slot: slot.due.due_at <= now + LONGEST_PAUSE, walked)
        for slot in within:
            if slot.due.nominal == nominal:
                return slot
    msg = Phrase(
        "{key} has no coming slot {nominal!r}; it may have passed or be off",
        key=newsletter.key,
        nominal=nominal,
    )
    raise NotAllowed(msg)


def _skip_issue(
    connection: sa.Connection, issue: Issue, actor: Actor, now: datetime, why: str
) -> None:
    """Skip an issue that has not gone out; an approval of it is voided first."""
    if issue.state not in EDITABLE:
        msg = Phrase(
            "issue {id} is {state}; pause or cancel it instead",
            id=issue.id,
            state=issue.state.spoken,
        )
        raise NotAllowed(msg, next_step=ViewIssue(issue.id))
    approval.void(connection, issue, actor=actor, now=now, why=f"the issue was skipped: {why}")
    issues.move(connection, issue.id, from_states=UNAPPROVED, to=IssueState.SKIPPED, reason=why)


def pause_effect(context: Context, actor: Actor, key: str, pause: Pause) -> NewsletterPaused:
    """Return what a pause would skip; nothing is changed. Raises NotAllowed as the pause does."""
    actor.require(Role.APPROVER)
    newsletter = context.publication.require_newsletter(key)
    _require_ahead(newsletter, pause, context.now())
    with context.reader.connect() as connection:
        return _effect(connection, newsletter, pause, context.now())


def pause_newsletter(context: Context, actor: Actor, key: str, pause: Pause) -> NewsletterPaused:
    """Send no issue of a newsletter on these days, and skip those that were drafted for them.

    Raises NotAllowed without a reason, and for days that are over.
    """
    actor.require(Role.APPROVER)
    why, newsletter = _reason(pause.reason), context.publication.require_newsletter(key)
    now, wanted = context.now(), Pause(pause.first, pause.last, why)
    _require_ahead(newsletter, wanted, now)
    with context.engine.begin() as connection:
        pauses.add(connection, key, wanted, actor=actor, now=now)
        effect = _effect(connection, newsletter, wanted, now)
        for issue in effect.issues:
            _skip_issue(connection, issue, actor, now, why)
        detail = {"newsletter": key, "days": str(wanted), "reason": why}
        acts.record(connection, Act(now, actor, ActKind.NEWSLETTER_PAUSED, None, detail=detail))
    return effect


def _require_ahead(newsletter: Newsletter, pause: Pause, now: datetime) -> None:
    if pause.last < now.astimezone(newsletter.timezone).date():
        msg = Phrase("the days {pause} are over", pause=pause)
        raise NotAllowed(msg)


def _effect(
    connection: sa.Connection, newsletter: Newsletter, pause: Pause, now: datetime
) -> NewsletterPaused:
    def day(planned: Issue | Due) -> date:
        if planned.reader_time:
            return date.fromisoformat(planned.reader_time[:10])
        return planned.due_at.astimezone(newsletter.timezone).date()

    def within(planned: Issue | Due) -> bool:
        return pause.first <= day(planned) <= pause.last

    unfinished = [
        issue
        for issue in issues.every(connection, UNFINISHED, newsletter=newsletter.key)
        if within(issue)
    ]
    walked = (
        iter(())
        if newsletter.cadence.on_publish
        else slots.ahead(connection, newsletter.key, Timing.of(newsletter), now)
    )
    free = takewhile(lambda due: day(due) <= pause.last, walked)
    return NewsletterPaused(
        newsletter,
        pause,
        tuple(due for due in free if within(due)),
        tuple(issue for issue in unfinished if issue.state in EDITABLE),
        tuple(issue for issue in unfinished if issue.state not in EDITABLE),
    )


def resume_newsletter(context: Context, actor: Actor, key: str) -> int:
    """End the pauses that staff set for a newsletter; return how many there were.

    What was skipped stays skipped.
    """
    actor.require(Role.APPROVER)
    newsletter = context.publication.require_newsletter(key)
    now = context.now()
    with context.engine.begin() as connection:
        ended = pauses.end(connection, key, now.astimezone(newsletter.timezone).date(), now)
        if ended:
            act = Act(now, actor, ActKind.NEWSLETTER_RESUMED, None, detail={"newsletter": key})
            acts.record(connection, act)
    return ended


def _reason(text: str) -> str:
    reason = " ".join(text.split())[:LONGEST_REASON]
    if not reason:
        msg = Phrase("say why")
        raise NotAllowed(msg)
    return reason
