"""When a newsletter is due, as people write it: "mon 08:00", "1st mon 09:00", or cron.

A cadence walks local wall-clock times and knows no zone: the nominal times have no gaps and no
repeats, so that each one names exactly one slot. `model.slot` turns them into instants.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import islice, pairwise
from typing import Literal

from dateutil.relativedelta import relativedelta
from dateutil.rrule import DAILY, MO, MONTHLY, WEEKLY, rrule, weekday

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WORKDAYS = (0, 1, 2, 3, 4)
MONTHS = tuple(name.lower() for name in calendar.month_abbr[1:])
ORDINALS = {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5, "last": -1}
EXPECTED = (
    'expected such as "daily 07:30", "mon 08:00", "mon,thu 08:00", "1st mon 09:00", "last fri 17:00", '
    '"last weekday 17:00", "15th 09:00", "1st mon of jan,apr,jul,oct 09:00", '
    '"every 2 weeks on tue 10:00 from 2026-12-01", "on-publish" or cron with day names, '
    '"0 8 * * mon-fri"'
)
ON_PUBLISH = "on-publish"
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_STEP = re.compile(r"(?P<span>\*|\d+(?:-\d+)?)(?:/(?P<step>[1-9]\d*))?", re.ASCII)
_MONTHDAY = re.compile(r"([1-9]|[12]\d|3[01])(?:st|nd|rd|th)", re.ASCII)
_COUNT = re.compile(r"[1-9]\d?", re.ASCII)
_CRON_FIELDS = 5
_FREQUENCIES: dict[str, Literal[1, 2, 3]] = {"day": DAILY, "week": WEEKLY, "month": MONTHLY}
_LAST_YEAR = 2199


class CadenceError(ValueError):
    """The text is not a cadence; the message says what was found and what was expected."""


@dataclass(frozen=True, slots=True)
class Interval:
    """So many days, weeks or months from one slot to the next, counted from a date.

    Weeks begin on Monday and months on the 1st: `since` lies in the first of them.
    """

    count: int
    unit: str
    since: date

    def begins(self, day: date) -> date:
        """Return the first day of the period that holds `day`; of the first period before that."""
        if self.unit == "month":
            first = self.since.replace(day=1)
            passed = (day.year - first.year) * 12 + day.month - first.month
            return first + relativedelta(months=max(passed // self.count, 0) * self.count)
        days = self.count * (7 if self.unit == "week" else 1)
        first = self.since - timedelta(days=self.since.weekday() if self.unit == "week" else 0)
        return first + timedelta(days=max((day - first).days // days, 0) * days)


@dataclass(frozen=True, slots=True)
class Cadence:
    """The days and the wall-clock times of a newsletter's slots.

    `weekdays` count from Monday = 0; empty means any. `ordinals` choose among a month's such
    weekdays (1 the first, -1 the last), each weekday counted for itself, or, with `together`, all
    of them. `monthdays` count from 1, or back from the end of the month from -1.
    """

    text: str
    times: tuple[time, ...]
    weekdays: tuple[int, ...] = ()
    ordinals: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    monthdays: tuple[int, ...] = ()
    together: bool = False
    every: Interval | None = None

    @classmethod
    def parse(cls, text: str) -> "Cadence":
        """Read a cadence; raise CadenceError naming what is wrong with it."""
        written = re.sub(r" ?, ?", ",", " ".join(text.lower().split()))
        if written == ON_PUBLISH:
            return cls(written, ())
        words = written.split(" ")
        is_cron = len(words) == _CRON_FIELDS and ":" not in written
        built = _cron(written, words) if is_cron else _spoken(written, words)
        if next(built.nominals(_ANY_TIME), None) is None:
            raise _wrong(text, "no such day ever comes")
        return built

    def nominals(self, after: datetime) -> Iterator[datetime]:
        """Walk the naive local wall times strictly later than `after`, without end.

        There are none for a newsletter that is sent on publishing.
        """
        if self.on_publish:
            return
        for day in self._days(after.date()):
            for clock in self.times:
                nominal = datetime.combine(day.date(), clock)
                if nominal > after:
                    yield nominal

    def _days(self, after: date) -> Iterator[datetime]:
        """Walk the days of slots, from some day before `after` on."""
        every = self.every
        start = every.begins(after) if every else after.replace(day=1)
        by_month = self.ordinals or self.monthdays
        days = rrule(
            _FREQUENCIES[every.unit] if every else MONTHLY if by_month else DAILY,
            dtstart=datetime.combine(start, time()),
            until=_END,
            interval=every.count if every else 1,
            wkst=MO,
            byweekday=self._rule_days() or None,
            bysetpos=self.ordinals or None if self.together else None,
            bymonth=self.months or None,
            bymonthday=self.monthdays or None,
            cache=False,
        )
        return (day for day in days if every is None or day.date() >= every.since)

    @property
    def on_publish(self) -> bool:
        """Whether issues follow articles as they are published; there are no slots then."""
        return self.text == ON_PUBLISH

    def spacing(self) -> timedelta:
        """Return the shortest time between two of the next slots."""
        return timedelta(0) if self.on_publish else _spacing(self)

    def _rule_days(self) -> list[weekday]:
        if self.together or not self.ordinals:
            return [weekday(day) for day in self.weekdays]
        return [weekday(day, nth) for day in self.weekdays for nth in self.ordinals]


_ANY_TIME = datetime(2026, 1, 1)  # noqa: DTZ001 - a local wall time
_END = datetime(2400, 1, 1)  # noqa: DTZ001 - as above; the calendar repeats every 400 years


@cache
def _spacing(cadence: Cadence) -> timedelta:
    ahead = list(islice(cadence.nominals(_ANY_TIME), 40))
    return min((later - earlier for earlier, later in pairwise(ahead)), default=timedelta.max)


def _wrong(text: str, why: str) -> CadenceError:
    because = f"{why}; " if why else ""
    msg = f'"{text}" is not a cadence: {because}{EXPECTED}'
    return CadenceError(msg)


def _spoken(text: str, words: list[str]) -> Cadence:
    """Read [every N UNIT [on]] [DAYS] [of MONTHS] TIMES [from DATE]."""
    words, since = _cut(words, "from", text)
    interval, words = _interval(words, since, text)
    if not words:
        raise _wrong(text, "")
    *days, clocks = words
    days, months = _cut(days, "of", text)
    cadence = replace(
        _on_days(days, text, interval),
        times=_times(clocks, text),
        months=_months(months, text) if months else (),
        every=interval,
    )
    if interval and interval.unit == "day" and days:
        raise _wrong(text, '"every … days" counts days, so no other days can be named')
    if interval and interval.unit == "week" and (cadence.ordinals or cadence.monthdays):
        raise _wrong(text, '"every … weeks" and a day of the month exclude each other')
    return cadence


def _cut(words: list[str], preposition: str, text: str) -> tuple[list[str], str]:
    """Split off a preposition and the one word after it, at the end; empty if there is none."""
    if preposition not in words:
        return words, ""
    at = words.index(preposition)
    if len(words) != at + 2:
        raise _wrong(text, f'expected one word after "{preposition}"')
    return words[:at], words[at + 1]


def _interval(words: list[str], since: str, text: str) -> tuple[Interval | None, list[str]]:
    match words:
        case ["every", count, unit, *rest]:
            unit = unit.removesuffix("s")
            if not _COUNT.fullmatch(count) or unit not in _FREQUENCIES:
                raise _wrong(text, "expected 1 to 99 days, weeks or months")
            if not since:
                raise _wrong(text, 'the date from which "every" counts is missing')
            return Interval(int(count), unit, _date(since, text)), rest[rest[:1] == ["on"] :]
        case _ if since:
            raise _wrong(text, '"from" belongs to "every"')
        case _:
            return None, words


def _date(word: str, text: str) -> date:
    try:
        found = date.fromisoformat(word)
    except ValueError as error:
        raise _wrong(text, f'"{word}" is not a date such as 2026-12-01') from error
    if found.year > _LAST_YEAR:
        raise _wrong(text, f'"{word}" is too far ahead')
    return found


def _on_days(words: list[str], text: str, interval: Interval | None) -> Cadence:
    """Read the words that choose the days; without any, those of the interval's first day."""
    match words:
        case [] if interval is not None:
            return _as_first_day(Cadence(text, ()), interval)
        case ["daily"] if interval is None:
            return Cadence(text, ())
        case [days]:
            return _on_named_days(days, text)
        case [ordinals, days]:
            return _on_counted_days(ordinals, days, text)
        case _:
            raise _wrong(text, "")


def _on_named_days(days: str, text: str) -> Cadence:
    some = Cadence(text, ())
    if days in {"weekday", "weekdays"}:
        return replace(some, weekdays=WORKDAYS)
    if _MONTHDAY.fullmatch(days.partition(",")[0]):
        return replace(some, monthdays=_monthdays(days, text))
    return replace(some, weekdays=_weekdays(days, text))


def _on_counted_days(ordinals: str, days: str, text: str) -> Cadence:
    some = Cadence(text, ())
    if days == "day":
        return replace(some, monthdays=_monthdays(ordinals, text))
    nth = _ordinals(ordinals, text)
    if days == "weekday":
        return replace(some, weekdays=WORKDAYS, ordinals=nth, together=True)
    return replace(some, weekdays=_weekdays(days, text), ordinals=nth)


def _as_first_day(some: Cadence, interval: Interval) -> Cadence:
    match interval.unit:
        case "week":
            return replace(some, weekdays=(interval.since.weekday(),))
        case "month":
            return replace(some, monthdays=(interval.since.day,))
        case _:
            return some


def _monthdays(words: str, text: str) -> tuple[int, ...]:
    found = set()
    for word in words.split(","):
        match = _MONTHDAY.fullmatch(word)
        if match is None and word != "last":
            raise _wrong(text, f'"{word}" is not a day of the month such as 15th')
        found.add(int(match[1]) if match else -1)
    return tuple(sorted(found))


def _months(names: str, text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in names.split(","):
        first, dash, last = part.partition("-")
        start = _month(first, text)
        end = _month(last, text) if dash else start
        found.update((start + step) % 12 + 1 for step in range((end - start) % 12 + 1))
    return tuple(sorted(found))


def _month(name: str, text: str) -> int:
    """Return the number of a month, from 0 on."""
    for index, short in enumerate(MONTHS):
        if name in {short, calendar.month_name[index + 1].lower()}:
            return index
    raise _wrong(text, f'"{name}" is not a month')


def _times(clocks: str, text: str) -> tuple[time, ...]:
    found = set()
    for clock in clocks.split(","):
        match = _CLOCK.fullmatch(clock)
        if match is None:
            raise _wrong(text, f'"{clock}" is not a time of day between 00:00 and 23:59')
        found.add(time(int(match[1]), int(match[2])))
    return tuple(sorted(found))


def _weekdays(days: str, text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in days.split(","):
        first, dash, last = part.partition("-")
        start = _weekday(first, text)
        end = _weekday(last, text) if dash else start
        found.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return tuple(sorted(found))


def _weekday(name: str, text: str) -> int:
    if name.isdigit():
        raise _wrong(
            text, f"write the weekday {name} by its name, because crons count days differently"
        )
    known = next((i for i, day in enumerate(DAYS) if _spells(name, i, day)), None)
    if known is None:
        raise _wrong(text, f'"{name}" is not a day of the week')
    return known


def _spells(name: str, index: int, short: str) -> bool:
    return name in {short, calendar.day_name[index].lower()}


def _ordinals(words: str, text: str) -> tuple[int, ...]:
    unknown = [word for word in words.split(",") if word not in ORDINALS]
    if unknown:
        raise _wrong(text, f'"{unknown[0]}" is none of {", ".join(ORDINALS)}')
    return tuple(sorted({ORDINALS[word] for word in words.split(",")}))


def _cron(written: str, fields: list[str]) -> Cadence:
    minutes = _numbers(fields[0], range(60), written)
    hours = _numbers(fields[1], range(24), written)
    monthdays = () if fields[2] == "*" else _numbers(fields[2], range(1, 32), written)
    named = re.sub("|".join(MONTHS), lambda m: str(MONTHS.index(m[0]) + 1), fields[3])
    months = () if named == "*" else _numbers(named, range(1, 13), written)
    weekdays = () if fields[4] == "*" else _weekdays(fields[4], written)
    if monthdays and weekdays:
        raise _wrong(written, "a day of the month and a day of the week exclude each other here")
    clocks = tuple(sorted(time(hour, minute) for hour in hours for minute in minutes))
    return Cadence(written, clocks, weekdays, (), months, monthdays)


def _numbers(field: str, allowed: range, text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in field.split(","):
        match = _STEP.fullmatch(part)
        if match is None:
            raise _wrong(text, f'"{part}" is not a number, range or "*"')
        span, step = match["span"], match["step"]
        if step and span.isdecimal():  # "5/15" goes on to the end, as in other programs
            span = f"{span}-{allowed.stop - 1}"
        found.update(_span(span, allowed)[:: int(step or 1)])
    if not found or not found <= set(allowed):
        raise _wrong(text, f'"{field}" is not within {allowed.start}-{allowed.stop - 1}')
    return tuple(sorted(found))


def _span(span: str, allowed: range) -> range:
    if span == "*":
        return allowed
    first, _, last = span.partition("-")
    return range(int(first), int(last or first) + 1)
