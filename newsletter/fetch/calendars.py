"""Read holidays from iCalendar files, and write slots as one (RFC 5545)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from dateutil.rrule import rrulestr
from icalendar import Calendar, Component, Event

DAY = timedelta(days=1)
FIRST, LAST = datetime(2020, 1, 1), datetime(2069, 12, 31)  # noqa: DTZ001 - days, not instants
"""The years in which repeated holidays are looked for."""
LONGEST = timedelta(days=366)
FREQUENCIES = {"YEARLY", "MONTHLY", "WEEKLY", "DAILY"}


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """A slot in a calendar for staff; `uid` stays the same when the entry changes."""

    uid: str
    summary: str
    begins: datetime
    description: str = ""


def holidays(text: str) -> dict[date, str]:
    """Return the days of all events in a calendar, with their names.

    Canceled events are left out. Repeated ones are followed for decades. A ValueError says what is
    wrong with the file.
    """
    try:
        found = dict(_named_days(text))
    except ValueError as error:
        msg = f"is not a calendar that can be read: {' '.join(str(error).split())}"
        raise ValueError(msg) from error
    # What the library makes of a broken event depends on where it is broken.
    except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
        msg = "is not a calendar that can be read: an event has no valid dates"
        raise ValueError(msg) from error
    if not found:
        msg = "is a calendar without events"
        raise ValueError(msg)
    return found


def _named_days(text: str) -> Iterator[tuple[date, str]]:
    for calendar in Calendar.from_ical(text, multiple=True):
        for event in calendar.walk("VEVENT"):
            if str(event.get("STATUS", "")).upper() != "CANCELLED":
                name = " ".join(str(event.get("SUMMARY", "")).split()) or "holiday"
                yield from ((day, name) for day in _days(event))


def _days(event: Component) -> Iterator[date]:
    first = _day(event.decoded("DTSTART"))
    length = _length(event, first)
    for begins in _repeats(event, first):
        yield from (begins + DAY * number for number in range(length // DAY))


def _day(moment: date | datetime) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _length(event: Component, first: date) -> timedelta:
    """Return the length in whole days. The end of an event that lasts all day is excluded."""
    if "DTEND" in event:
        end = event.decoded("DTEND")
        length = _day(end) - first
        if isinstance(end, datetime) and end.time() != time():
            length += DAY
    else:
        length = event.decoded("DURATION") if "DURATION" in event else DAY
    if length > LONGEST:
        msg = f"the event of {first} is longer than a year"
        raise ValueError(msg)
    return max(length, DAY)


def _repeats(event: Component, first: date) -> Iterable[date]:
    """Return the first day of each occurrence."""
    days = {first, *_moments(event, "RDATE")}
    for rule in _listed(event, "RRULE"):
        if str(rule["FREQ"][0]).upper() not in FREQUENCIES:
            msg = f"the event of {first} repeats within a day"
            raise ValueError(msg)
        written = rule.to_ical().decode()
        parsed = rrulestr(written, dtstart=datetime.combine(first, time()), ignoretz=True)
        days.update(moment.date() for moment in parsed.between(FIRST, LAST, inc=True))
    return sorted(days - set(_moments(event, "EXDATE")))


def _moments(event: Component, name: str) -> Iterator[date]:
    for listed in _listed(event, name):
        yield from (_day(moment.dt) for moment in listed.dts)


def _listed(event: Component, name: str) -> list[Any]:
    """Return the values of a property that may be there several times."""
    found = event.get(name, [])
    return found if isinstance(found, list) else [found]


def write(name: str, entries: Iterable[CalendarEntry], now: datetime) -> bytes:
    """Return a calendar that calendar programs can import."""
    calendar = Calendar()
    calendar.add("PRODID", "-//newsletter//slots//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("X-WR-CALNAME", name)
    for entry in entries:
        event = Event()
        event.add("UID", entry.uid)
        event.add("DTSTAMP", now.astimezone(UTC))
        event.add("DTSTART", entry.begins.astimezone(UTC))
        event.add("SUMMARY", entry.summary)
        if entry.description:
            event.add("DESCRIPTION", entry.description)
        calendar.add_component(event)
    return bytes(calendar.to_ical())
