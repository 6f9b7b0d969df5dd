"""The nominal local times at which issues are due: their instants, and which want action now.

A slot is its nominal wall time ("2026-03-08T02:30"), not an instant: it survives changes of the
zone's rules and cannot occur twice in the hour that autumn repeats.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import islice, takewhile
from typing import Literal

from newsletter.model.cadence import Cadence
from newsletter.model.days_off import DaysOff
from newsletter.model.publication import CatchUp, Newsletter
from subscribers.model import Frequency
from subscribers.phrase import Phrase, joined

HORIZON = timedelta(days=400)
DAY = timedelta(days=1)
PROMPT = timedelta(minutes=15)
"""A slot that is found this soon after its time is on time, however short the grace."""
FARTHEST = timedelta(days=31)
"""How far a holiday moves a slot at most."""


@dataclass(frozen=True, slots=True)
class Due:
    """A slot: its nominal local time as text, and the instant at which its issue is due.

    A special slot is outside the cadence. `moved` names the holiday that moved it; it keeps its
    nominal time, so that a changed calendar never makes a second issue. `off` says why no issue is
    due at all. With reader time, `due_at` is when the first readers get it and `ends_at` when the
    last ones do, all at the local time `reader_time`; else these two are empty.
    """

    nominal: str
    due_at: datetime
    special: bool = False
    moved: str = ""
    off: str = ""
    reader_time: str = ""
    ends_at: datetime | None = None

    @property
    def last_at(self) -> datetime:
        """Return when the last readers get the issue."""
        return self.ends_at or self.due_at

    def wall(self, zone: tzinfo) -> datetime:
        """Return the naive local time of the slot: each reader's, or that of a newsletter's zone."""
        if self.reader_time:
            return datetime.fromisoformat(self.reader_time)
        return local(self.due_at, zone)

    @classmethod
    def at(cls, nominal: datetime, zone: tzinfo) -> "Due":
        """Return the slot of a naive local time."""
        return cls(spell(nominal), resolve(nominal, zone))


@dataclass(frozen=True, slots=True)
class Decision:
    """What a slot wants now: `draft` its issue, or be recorded as `missed` or `skipped`."""

    act: Literal["draft", "missed", "skipped"]
    due: Due
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is on record of one newsletter: nothing due up to `since` matters any more.

    `since` is the instant from which its present cadence applies; `taken` are the nominal times of
    the slots that were claimed or recorded, those ahead included.
    """

    since: datetime
    taken: Collection[str]


@dataclass(frozen=True, slots=True)
class Timing:
    """The rules of one newsletter by which its slots are planned.

    `zones` are those of its readers if each of them gets an issue at their own local time.
    """

    cadence: Cadence
    zone: tzinfo
    lead: timedelta = timedelta(0)
    grace: timedelta = timedelta(0)
    catch_up: CatchUp = "latest"
    days_off: DaysOff = field(default_factory=DaysOff)
    zones: tuple[tzinfo, ...] = ()

    @classmethod
    def of(cls, newsletter: Newsletter) -> "Timing":
        """Return the rules that the configuration gives a newsletter."""
        return cls(
            cadence=newsletter.cadence,
            zone=newsletter.timezone,
            lead=newsletter.lead,
            grace=newsletter.late.grace,
            catch_up=newsletter.catch_up,
            days_off=newsletter.days_off,
            zones=newsletter.send_zones,
        )

    def on(self, day: date) -> frozenset[str]:
        """Return the nominal times of a day."""
        times = self.cadence.nominals(datetime.combine(day, time.min) - timedelta(minutes=1))
        return frozenset(spell(at) for at in takewhile(lambda at: at.date() == day, times))


def digest_key(newsletter: str, frequency: Frequency) -> str:
    """Return the name under which the slots of a digest are on record."""
    return f"{newsletter}:{frequency.value}"


def digest_timings(newsletter: Newsletter) -> dict[Frequency, Timing]:
    """Return the rules by which the digests of a newsletter are planned.

    What is approved automatically is drafted at its slot; else staff have a day.
    """
    lead = timedelta(0) if newsletter.approval == "automatic" else min(newsletter.lead, DAY)
    return {
        frequency: replace(Timing.of(newsletter), cadence=cadence, lead=lead, catch_up="latest")
        for frequency, cadence in newsletter.digest_cadences.items()
    }


def spell(nominal: datetime) -> str:
    """Write a naive local time as slots are recorded: 2026-03-08T02:30."""
    return nominal.isoformat(timespec="minutes")


def local(instant: datetime, zone: tzinfo) -> datetime:
    """Return the naive wall time that a clock in `zone` shows at `instant`."""
    return instant.astimezone(zone).replace(tzinfo=None)


def resolve(nominal: datetime, zone: tzinfo) -> datetime:
    """Return the UTC instant of a naive local time.

    A time that spring skips shifts forward by the gap; of a time that autumn repeats it is the
    first.
    """
    return nominal.replace(tzinfo=zone, fold=0).astimezone(UTC)


def offset(instant: datetime, zone: tzinfo) -> str:
    """Return the zone's offset at `instant` as people write it: UTC+09:00."""
    away = instant.astimezone(zone).utcoffset() or timedelta(0)
    hours, rest = divmod(abs(away), timedelta(hours=1))
    sign = "-" if away < timedelta(0) else "+"
    return f"UTC{sign}{hours:02}:{rest // timedelta(minutes=1):02}"


def note(slot: Due, zone: tzinfo) -> str:
    """Say what a holiday or a change of the clocks does to this slot; empty on ordinary days."""
    wall = datetime.fromisoformat(slot.nominal)
    if slot.reader_time:
        actual = datetime.fromisoformat(slot.reader_time)
        return joined((_moved_note(slot, wall, actual), reader_note(slot, zone)))
    if not slot.moved:
        return _clock_note(wall, zone)
    actual = local(slot.due_at, zone)
    moved = _moved_note(slot, wall, actual)
    change = _clock_note(datetime.combine(actual.date(), wall.time()), zone)
    return joined((moved, change))


def _moved_note(slot: Due, wall: datetime, actual: datetime) -> str:
    if not slot.moved:
        return ""
    return Phrase(
        "{holiday}: moved from {wall:%a %d %b} to {actual:%a %d %b}",
        holiday=slot.moved,
        wall=wall,
        actual=actual,
    )


def reader_note(slot: Due, zone: tzinfo) -> str:
    """Say from when to when the readers get an issue with reader time."""
    first, last = slot.due_at.astimezone(zone), slot.last_at.astimezone(zone)
    time = datetime.fromisoformat(slot.reader_time)
    return Phrase(
        "each reader gets it at {time:%H:%M} in their own time zone, from {first:%a %d %b %H:%M} to"
        " {last:%a %d %b %H:%M %Z}",
        time=time,
        first=first,
        last=last,
    )


def _clock_note(wall: datetime, zone: tzinfo) -> str:
    due_at = resolve(wall, zone)
    actual = local(due_at, zone)
    if actual != wall:
        return Phrase(
            "clocks go forward: {wall:%H:%M} does not exist that day, the issue is due at {actual:%H:%M}",
            wall=wall,
            actual=actual,
        )
    if wall.replace(tzinfo=zone, fold=1).astimezone(UTC) != due_at:
        return Phrase(
            "clocks go back: {wall:%H:%M} comes twice that day, the issue is due the first time ({offset})",
            wall=wall,
            offset=offset(due_at, zone),
        )
    return ""


def upcoming(timing: Timing, now: datetime) -> Iterator[Due]:
    """Walk the slots due later than `now`, the next one first, without those that are off."""
    return (slot for slot in planned(timing, now) if not slot.off)


def planned(timing: Timing, now: datetime) -> Iterator[Due]:
    """Walk the slots due later than `now`, the next one first, with those that are off."""
    moves = timing.days_off.holidays and timing.days_off.on_holiday == "after"
    reach = DAY + FARTHEST if moves else DAY
    for nominal in timing.cadence.nominals(local(now, timing.zone) - reach):
        slot = _placed(nominal, timing)
        if slot.due_at > now:
            yield slot


def _placed(nominal: datetime, timing: Timing) -> Due:
    """Return the slot of a nominal time: in its place, moved off a holiday, or off."""
    slot, days_off = _at(Due.at(nominal, timing.zone), nominal, timing), timing.days_off
    if pause := days_off.pause_on(nominal.date()):
        because = f": {pause.reason}" if pause.reason else ""
        return replace(slot, off=f"paused {pause}{because}")
    holiday = days_off.holiday_on(nominal.date())
    if not holiday:
        return slot
    moved = _moved(nominal, timing)
    if moved is None:
        return replace(slot, off=f"holiday: {holiday}")
    return replace(_at(slot, moved, timing), moved=holiday)


def _at(slot: Due, wall: datetime, timing: Timing) -> Due:
    """Return a slot that is due at a local time: in one zone, or in that of each reader."""
    if not timing.zones:
        return replace(slot, due_at=resolve(wall, timing.zone))
    instants = [resolve(wall, zone) for zone in timing.zones]
    return replace(slot, due_at=min(instants), reader_time=spell(wall), ends_at=max(instants))


def _moved(nominal: datetime, timing: Timing) -> datetime | None:
    """Return the time to which a holiday moves a slot.

    None if it stays away: the slot never moves onto another slot, or past it.
    """
    days_off = timing.days_off
    if days_off.on_holiday == "skip":
        return None
    step = -DAY if days_off.on_holiday == "before" else DAY
    days = (nominal + step * count for count in range(1, FARTHEST // DAY + 1))
    target = next((day for day in days if not days_off.is_off(day.date())), None)
    if target is None:
        return None
    if target > nominal:
        return target if next(timing.cadence.nominals(nominal)) > target else None
    between = timing.cadence.nominals(target - timedelta(minutes=1))
    return target if next(between) == nominal else None


def next_free(timing: Timing, ledger: Ledger, now: datetime) -> Due:
    """Return the next unclaimed slot, which a manual draft takes."""
    return next(free(timing, ledger.taken, now))


def free(timing: Timing, taken: Collection[str], now: datetime) -> Iterator[Due]:
    """Walk the slots due later than `now` that have no issue and are not on record."""
    return (slot for slot in upcoming(timing, now) if slot.nominal not in taken)


def next_draft(timing: Timing, taken: Collection[str], now: datetime) -> tuple[Due, datetime]:
    """Return the next slot that will be drafted, and the instant from which a pass drafts it.

    A draft begins when the lead does, but not before the slot in front of it has passed.
    """
    before = now - timing.lead
    for slot in upcoming(timing, now):
        if slot.nominal not in taken:
            return slot, max(before, slot.due_at - timing.lead)
        before = slot.due_at
    raise AssertionError  # pragma: no cover - a cadence never ends


def due(timing: Timing, ledger: Ledger, now: datetime) -> list[Decision]:
    """Say which slots want action at `now`, oldest first.

    The next slot ahead is drafted once its lead begins; never the one after it, so that a lead
    longer than the cadence cannot draft a stack of issues. Slots that passed unrecorded (nothing
    ran) are drafted within their grace, the last one also if readers in other zones still wait for
    it; older ones follow `catch_up`. Under `latest` an older one
    is drafted only if no younger slot is, since its articles carry over to that one.
    """
    if timing.cadence.on_publish:
        return []
    unrecorded = [slot for slot in _passed(timing, ledger, now) if slot.nominal not in ledger.taken]
    passed = [slot for slot in unrecorded if not slot.off]
    ahead = next(upcoming(timing, now))
    opened = ahead.due_at - timing.lead <= now and ahead.nominal not in ledger.taken
    patience = max(timing.grace, PROMPT)
    fresh = [slot for slot in passed if now - slot.due_at <= patience]
    if not fresh and passed and now - passed[-1].last_at <= patience:
        fresh = passed[-1:]
    stale = passed[: len(passed) - len(fresh)]
    caught_up = _caught_up(timing, stale, superseded=bool(fresh) or opened)
    decisions = [Decision("skipped", slot, slot.off) for slot in unrecorded if slot.off]
    decisions += [
        Decision("draft", slot)
        if slot in caught_up
        else Decision("missed", slot, Phrase("nothing was running when it was due"))
        for slot in stale
    ]
    decisions += [Decision("draft", slot) for slot in fresh]
    decisions += [Decision("draft", ahead)] if opened else []
    return sorted(decisions, key=lambda decision: decision.due.due_at)


def _passed(timing: Timing, ledger: Ledger, now: datetime) -> Iterator[Due]:
    since = max(ledger.since, now - HORIZON)
    return takewhile(lambda slot: slot.due_at <= now, planned(timing, since))


def _caught_up(timing: Timing, stale: list[Due], *, superseded: bool) -> list[Due]:
    if timing.catch_up == "all":
        return stale
    if timing.catch_up == "none" or superseded:
        return []
    return stale[-1:]


def coming(timing: Timing, now: datetime, count: int) -> list[Due]:
    """Return the next `count` slots after `now`."""
    return list(islice(upcoming(timing, now), count))
