"""The nominal local times at which issues are due: their instants, and which want action now.

A slot is its nominal wall time ("2026-03-08T02:30"), not an instant: it survives changes of the
zone's rules and cannot occur twice in the hour that autumn repeats.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, takewhile
from typing import Literal

from newsletter.model.cadence import Cadence
from newsletter.model.publication import CatchUp, Newsletter
from subscribers.model import Frequency

HORIZON = timedelta(days=400)
DAY = timedelta(days=1)
PROMPT = timedelta(minutes=15)
"""A slot that is found this soon after its time is on time, however short the grace."""


@dataclass(frozen=True, slots=True)
class Due:
    """A slot: its nominal local time as text, and the instant at which its issue is due.

    A special slot is outside the cadence.
    """

    nominal: str
    due_at: datetime
    special: bool = False

    @classmethod
    def at(cls, nominal: datetime, zone: tzinfo) -> "Due":
        """Return the slot of a naive local time."""
        return cls(spell(nominal), resolve(nominal, zone))


@dataclass(frozen=True, slots=True)
class Decision:
    """What a slot wants now: `draft` its issue, or be recorded as `missed` for `reason`."""

    act: Literal["draft", "missed"]
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
    """The rules of one newsletter by which its slots are planned."""

    cadence: Cadence
    zone: tzinfo
    lead: timedelta = timedelta(0)
    grace: timedelta = timedelta(0)
    catch_up: CatchUp = "latest"

    @classmethod
    def of(cls, newsletter: Newsletter) -> "Timing":
        """Return the rules that the configuration gives a newsletter."""
        return cls(
            cadence=newsletter.cadence,
            zone=newsletter.timezone,
            lead=newsletter.lead,
            grace=newsletter.late.grace,
            catch_up=newsletter.catch_up,
        )


def digest_key(newsletter: str, frequency: Frequency) -> str:
    """Return the name under which the slots of a digest are on record."""
    return f"{newsletter}:{frequency.value}"


def digest_timings(newsletter: Newsletter) -> dict[Frequency, Timing]:
    """Return the rules by which the digests of a newsletter are planned.

    What is approved automatically is drafted at its slot; else staff have a day.
    """
    lead = timedelta(0) if newsletter.approval == "automatic" else min(newsletter.lead, DAY)
    return {
        frequency: Timing(cadence, newsletter.timezone, lead, newsletter.late.grace)
        for frequency, cadence in newsletter.digest_cadences.items()
    }


def spell(nominal: datetime) -> str:
    """Write a naive local time as slots are recorded: 2026-03-08T02:30."""
    return nominal.isoformat(timespec="minutes")


def resolve(nominal: datetime, zone: tzinfo) -> datetime:
    """Return the UTC instant of a naive local time.

    A time that spring skips shifts forward by the gap; of a time that autumn repeats it is the
    first.
    """
    return nominal.replace(tzinfo=zone, fold=0).astimezone(UTC)


def local(instant: datetime, zone: tzinfo) -> datetime:
    """Return the naive wall time that a clock in `zone` shows at `instant`."""
    return instant.astimezone(zone).replace(tzinfo=None)


def offset(instant: datetime, zone: tzinfo) -> str:
    """Return the zone's offset at `instant` as people write it: UTC+09:00."""
    away = instant.astimezone(zone).utcoffset() or timedelta(0)
    hours, rest = divmod(abs(away), timedelta(hours=1))
    sign = "-" if away < timedelta(0) else "+"
    return f"UTC{sign}{hours:02}:{rest // timedelta(minutes=1):02}"


def note(nominal: datetime, zone: tzinfo) -> str:
    """Say in words what a change of the clocks does to this slot; empty on ordinary days."""
    due_at = resolve(nominal, zone)
    actual = local(due_at, zone)
    if actual != nominal:
        return (
            f"clocks go forward: {nominal:%H:%M} does not exist that day, "
            f"the issue is due at {actual:%H:%M}"
        )
    if nominal.replace(tzinfo=zone, fold=1).astimezone(UTC) != due_at:
        return (
            f"clocks go back: {nominal:%H:%M} comes twice that day, "
            f"the issue is due the first time ({offset(due_at, zone)})"
        )
    return ""


def upcoming(cadence: Cadence, zone: tzinfo, now: datetime) -> Iterator[Due]:
    """Walk the slots due later than `now`, the next one first."""
    for nominal in cadence.nominals(local(now, zone) - timedelta(days=1)):
        slot = Due.at(nominal, zone)
        if slot.due_at > now:
            yield slot


def next_free(timing: Timing, ledger: Ledger, now: datetime) -> Due:
    """Return the next unclaimed slot, which a manual draft takes."""
    return next(free(timing, ledger.taken, now))


def free(timing: Timing, taken: Collection[str], now: datetime) -> Iterator[Due]:
    """Walk the slots due later than `now` that have no issue and are not on record."""
    ahead = upcoming(timing.cadence, timing.zone, now)
    return (slot for slot in ahead if slot.nominal not in taken)


def next_draft(timing: Timing, taken: Collection[str], now: datetime) -> tuple[Due, datetime]:
    """Return the next slot that will be drafted, and the instant from which a pass drafts it.

    A draft begins when the lead does, but not before the slot in front of it has passed.
    """
    before = now - timing.lead
    for slot in upcoming(timing.cadence, timing.zone, now):
        if slot.nominal not in taken:
            return slot, max(before, slot.due_at - timing.lead)
        before = slot.due_at
    raise AssertionError  # pragma: no cover - a cadence never ends


def due(timing: Timing, ledger: Ledger, now: datetime) -> list[Decision]:
    """Say which slots want action at `now`, oldest first.

    The next slot ahead is drafted once its lead begins; never the one after it, so that a lead
    longer than the cadence cannot draft a stack of issues. Slots that passed unrecorded (nothing
    ran) are drafted within their grace; older ones follow `catch_up`. Under `latest` an older one
    is drafted only if no younger slot is, since its articles carry over to that one.
    """
    if timing.cadence.on_publish:
        return []
    passed = [slot for slot in _passed(timing, ledger, now) if slot.nominal not in ledger.taken]
    ahead = next(upcoming(timing.cadence, timing.zone, now))
    opened = ahead.due_at - timing.lead <= now and ahead.nominal not in ledger.taken
    fresh = [slot for slot in passed if now - slot.due_at <= max(timing.grace, PROMPT)]
    stale = passed[: len(passed) - len(fresh)]
    caught_up = _caught_up(timing, stale, superseded=bool(fresh) or opened)
    decisions = [
        Decision("draft", slot)
        if slot in caught_up
        else Decision("missed", slot, "nothing was running when it was due")
        for slot in stale
    ]
    decisions += [Decision("draft", slot) for slot in fresh]
    return [*decisions, Decision("draft", ahead)] if opened else decisions


def _passed(timing: Timing, ledger: Ledger, now: datetime) -> Iterator[Due]:
    since = max(ledger.since, now - HORIZON)
    return takewhile(lambda slot: slot.due_at <= now, upcoming(timing.cadence, timing.zone, since))


def _caught_up(timing: Timing, stale: list[Due], *, superseded: bool) -> list[Due]:
    if timing.catch_up == "all":
        return stale
    if timing.catch_up == "none" or superseded:
        return []
    return stale[-1:]


def coming(cadence: Cadence, zone: tzinfo, now: datetime, count: int) -> list[Due]:
    """Return the next `count` slots after `now`."""
    return list(islice(upcoming(cadence, zone, now), count))
