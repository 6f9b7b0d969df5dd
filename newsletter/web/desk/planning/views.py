"""What the calendar shows: the coming slots as a list and as months."""

from calendar import Calendar
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice

from newsletter.model.days_off import Pause
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.states import EDITABLE, IssueState
from newsletter.render.catalog import Catalog
from newsletter.usecases.planning import NewsletterPaused, PlannedSlot

SHOWN = timedelta(days=62)
MONTHS = 2
STATES = {
    "coming": "desk.slot.coming",
    "passed": "desk.slot.passed",
    "missed": "desk.slot.missed",
    "claimed": "desk.slot.claimed",
    IssueState.DRAFT.value: "desk.slot.draft",
    IssueState.REVIEW.value: "desk.slot.review",
    IssueState.APPROVED.value: "desk.slot.approved",
    IssueState.PREPARING.value: "desk.slot.submitting",
    IssueState.SUBMITTING.value: "desk.slot.submitting",
    IssueState.SUBMITTED.value: "desk.slot.submitted",
    IssueState.PAUSED.value: "desk.slot.paused",
    IssueState.CANCELLED.value: "desk.slot.cancelled",
    IssueState.SKIPPED.value: "desk.slot.skipped",
}
TONES = {
    IssueState.DRAFT.value: "warn",
    IssueState.REVIEW.value: "warn",
    IssueState.PAUSED.value: "warn",
    IssueState.APPROVED.value: "good",
    IssueState.PREPARING.value: "good",
    IssueState.SUBMITTING.value: "good",
    IssueState.SUBMITTED.value: "good",
    IssueState.CANCELLED.value: "bad",
    "missed": "bad",
}
KINDS = {
    "special": "desk.slot.special",
    "correction": "desk.slot.correction",
    "digest": "desk.slot.digest",
    "alert": "desk.slot.alert",
}


@dataclass(frozen=True, slots=True)
class CalendarRow:
    """A slot; `note` is a phrase.

    `skips` says that it can be skipped, `restores` that this can be taken back, and `drafts` that it is the next one to draft.
    """

    anchor: str
    key: str
    title: str
    kind: str
    nominal: str
    due: str
    time: str
    state: str
    tone: str
    note: str
    href: str
    skips: bool
    restores: bool
    drafts: bool


@dataclass(frozen=True, slots=True)
class CalendarDay:
    """A day of a month with its slots; `outside` marks a day of the month before or after."""

    day: int
    outside: bool
    today: bool
    slots: tuple[CalendarRow, ...]


@dataclass(frozen=True, slots=True)
class CalendarMonth:
    """A month as weeks of seven days, Monday first."""

    name: str
    weeks: tuple[tuple[CalendarDay, ...], ...]


@dataclass(frozen=True, slots=True)
class NewsletterChoice:
    """A newsletter that staff can choose; `paused` says on which days staff paused it."""

    key: str
    title: str
    paused: str


@dataclass(frozen=True, slots=True)
class CalendarView:
    """The calendar. `feed` is its address for calendar programs."""

    rows: tuple[CalendarRow, ...]
    months: tuple[CalendarMonth, ...]
    weekdays: tuple[str, ...]
    newsletters: tuple[NewsletterChoice, ...]
    today: str
    feed: str = ""


@dataclass(frozen=True, slots=True)
class PauseView:
    """What a pause would do, before it is confirmed."""

    key: str
    first: str
    last: str
    reason: str
    sentence: str
    issues: tuple[str, ...]
    sending: tuple[str, ...]


def calendar_view(
    planned: Sequence[PlannedSlot],
    publication: Publication,
    pauses: Iterable[tuple[Newsletter, Sequence[Pause]]],
    catalog: Catalog,
    now: datetime,
) -> CalendarView:
    """Return the calendar from today on."""
    seen: set[str] = set()
    rows = []
    by_day: dict[date, list[CalendarRow]] = defaultdict(list)
    for each in planned:
        first = each.free and each.newsletter.key not in seen
        seen |= {each.newsletter.key} if first else set()
        row = _row(each, catalog, first=first)
        rows.append(row)
        by_day[each.slot.due.wall(each.newsletter.timezone).date()].append(row)
    today = now.astimezone(publication.timezone).date()
    monday = date(2024, 1, 1)
    return CalendarView(
        rows=tuple(rows),
        months=tuple(_months(today, by_day, catalog)),
        weekdays=tuple(
            catalog.date(monday + timedelta(days=day), "date.weekday") for day in range(7)
        ),
        newsletters=tuple(
            NewsletterChoice(newsletter.key, newsletter.title, "; ".join(map(str, found)))
            for newsletter, found in pauses
        ),
        today=today.isoformat(),
    )


def _row(planned: PlannedSlot, catalog: Catalog, *, first: bool) -> CalendarRow:
    slot, newsletter = planned.slot, planned.newsletter
    at = slot.due.wall(newsletter.timezone)
    beside = catalog.text("desk.slot.reader_time") if slot.due.reader_time else slot.offset
    return CalendarRow(
        anchor=f"{newsletter.key}-{slot.due.nominal}".replace(" ", "-"),
        key=newsletter.key,
        title=newsletter.title,
        kind=catalog.text(KINDS[planned.kind]) if planned.kind else "",
        nominal=slot.due.nominal,
        due=f"{catalog.date(at.date(), 'date.full')}, {at:%H:%M} {beside}",
        time=f"{at:%H:%M}",
        state=catalog.text(STATES[slot.state]),
        tone=TONES.get(slot.state, "soft"),
        note=slot.note,
        href=f"/issues/{slot.issue_id}" if slot.issue_id else "",
        skips=not planned.kind and (planned.free or slot.state in EDITABLE),
        restores=not planned.kind and slot.state == IssueState.SKIPPED,
        drafts=first,
    )


def _months(
    today: date, by_day: dict[date, list[CalendarRow]], catalog: Catalog
) -> Iterable[CalendarMonth]:
    weeks = Calendar()
    months = (
        (today.year + (today.month + n - 1) // 12, (today.month + n - 1) % 12 + 1)
        for n in range(MONTHS)
    )
    for year, month in islice(months, MONTHS):
        yield CalendarMonth(
            catalog.date(date(year, month, 1), "date.month"),
            tuple(
                tuple(
                    CalendarDay(
                        day.day, day.month != month, day == today, tuple(by_day.get(day, ()))
                    )
                    for day in week
                )
                for week in weeks.monthdatescalendar(year, month)
            ),
        )


def pause_view(effect: NewsletterPaused, catalog: Catalog) -> PauseView:
    """Return what a pause would do."""
    pause = effect.pause
    return PauseView(
        key=effect.newsletter.key,
        first=pause.first.isoformat(),
        last=pause.last.isoformat(),
        reason=pause.reason,
        sentence=catalog.text(
            "desk.calendar.pause_effect",
            title=effect.newsletter.title,
            first=catalog.date(pause.first, "date.full"),
            last=catalog.date(pause.last, "date.full"),
            slots=catalog.count("desk.calendar.slots", len(effect.slots)),
            issues=catalog.count("desk.calendar.issues", len(effect.issues)),
        ),
        issues=tuple(f"/issues/{issue.id}" for issue in effect.issues),
        sending=tuple(f"/issues/{issue.id}" for issue in effect.sending),
    )
