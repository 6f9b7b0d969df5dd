"""Every zone of the time zone database over ten years: each nominal time has one instant."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo, available_timezones

from newsletter.model.cadence import Cadence
from newsletter.model.slot import Timing, local, upcoming

BEGIN, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2036, 1, 1, tzinfo=UTC)
QUARTER = timedelta(minutes=15)
AROUND = timedelta(hours=3)
QUARTERLY = Cadence.parse("*/15 * * * *")

Change = tuple[datetime, timedelta, timedelta]
"""An instant, and the offset before and after it."""


def changes(zone: ZoneInfo) -> Iterator[Change]:
    """Find every change of the offset: by days first, then by halving the day."""
    day = BEGIN
    while day < END:
        later = day + timedelta(days=1)
        if (before := offset(zone, day)) != (after := offset(zone, later)):
            early, late = day, later
            while late - early > timedelta(minutes=1):
                middle = early + (late - early) // 2
                early, late = (middle, late) if offset(zone, middle) == before else (early, middle)
            yield late.replace(second=0, microsecond=0), before, after
        day = later


def offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    found = instant.astimezone(zone).utcoffset()
    assert found is not None
    return found


def clock_shows(zone: ZoneInfo, begin: datetime, end: datetime) -> dict[datetime, list[datetime]]:
    """Read the zone's clock every quarter of an hour: each wall time with its instants."""
    shown = defaultdict(list)
    instant = begin
    while instant <= end:
        shown[local(instant, zone)].append(instant)
        instant += QUARTER
    return shown


def test_a_time_in_a_gap_shifts_forward_and_a_repeated_one_comes_once() -> None:
    alike: dict[tuple[Change, ...], ZoneInfo] = {}
    for name in sorted(available_timezones()):
        zone = ZoneInfo(name)
        alike.setdefault(tuple(changes(zone)), zone)
    gaps = repeats = 0
    for found, zone in alike.items():
        for at, before, after in found:
            begin, end = at - AROUND, at + AROUND
            shown = clock_shows(zone, begin - AROUND, end + AROUND)
            timing = Timing(QUARTERLY, zone)
            slots = list(
                takewhile(lambda slot, end=end: slot.due_at <= end, upcoming(timing, begin))
            )
            assert len({slot.nominal for slot in slots}) == len(slots)
            for slot in slots:
                nominal = datetime.fromisoformat(slot.nominal)
                instants = shown.get(nominal)
                if instants:
                    assert slot.due_at == instants[0], (zone, slot)
                    repeats += len(instants) > 1
                else:
                    assert local(slot.due_at, zone) == nominal + (after - before), (zone, slot)
                    gaps += 1
    assert len(alike) > 20
    assert gaps > 1000
    assert repeats > 1000
