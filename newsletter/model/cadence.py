"""When a newsletter is due, as people write it: "mon 08:00", "1st mon 09:00", or cron.

A cadence walks local wall-clock times and knows no zone: the nominal times have no gaps and no
repeats, so that each one names exactly one slot. `model.slot` turns them into instants.
"""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from itertools import islice, pairwise

from dateutil.rrule import DAILY, MONTHLY, rrule, weekday

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS = tuple(name.lower() for name in calendar.month_abbr[1:])
ORDINALS = {"1st": 1, "2nd": 2, "3rd": 3, "4th": 4, "5th": 5, "last": -1}
EXPECTED = (
    'expected such as "daily 07:30", "mon 08:00", "mon,thu 08:00", "1st mon 09:00", "last fri 17:00", '
    '"on-publish" or cron with day names, "0 8 * * mon-fri"'
)
ON_PUBLISH = "on-publish"
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_STEP = re.compile(r"(?P<span>\*|\d+(?:-\d+)?)(?:/(?P<step>[1-9]\d*))?")
_CRON_FIELDS = 5


class CadenceError(ValueError):
    """The text is no cadence; the message says what was found and what was expected."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """The days and the wall-clock times of a newsletter's slots.

    `weekdays` count from Monday = 0; empty means any. `ordinals` choose among a month's such
    weekdays (1 the first, -1 the last). `months` and `monthdays` come from cron only.
    """

    text: str
    times: tuple[time, ...]
    weekdays: tuple[int, ...] = ()
    ordinals: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    monthdays: tuple[int, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Cadence":
        """Read a cadence; raise CadenceError naming what is wrong with it."""
        written = " ".join(text.lower().split())
        if written == ON_PUBLISH:
            return cls(written, ())
        words = written.split(" ")
        if len(words) == _CRON_FIELDS:
            return _cron(written, words)
        match words:
            case ["daily", clocks]:
                return cls(written, _times(clocks, text))
            case [days, clocks]:
                return cls(written, _times(clocks, text), weekdays=_weekdays(days, text))
            case [ordinals, days, clocks]:
                return cls(
                    written,
                    _times(clocks, text),
                    weekdays=_weekdays(days, text),
                    ordinals=_ordinals(ordinals, text),
                )
            case _:
                raise _wrong(text, "")

    def nominals(self, after: datetime) -> Iterator[datetime]:
        """Walk the naive local wall times strictly later than `after`, without end.

        There are none for a newsletter that is sent on publishing.
        """
        if self.on_publish:
            return
        days = rrule(
            MONTHLY if self.ordinals else DAILY,
            dtstart=after.replace(day=1, hour=0, minute=0, second=0, microsecond=0),
            byweekday=self._rule_days() or None,
            bymonth=self.months or None,
            bymonthday=self.monthdays or None,
            cache=False,
        )
        for day in days:
            for clock in self.times:
                nominal = datetime.combine(day.date(), clock)
                if nominal > after:
                    yield nominal

    @property
    def on_publish(self) -> bool:
        """Whether issues follow articles as they are published; there are no slots then."""
        return self.text == ON_PUBLISH

    def spacing(self) -> timedelta:
        """Return the shortest time between two slots of the next months."""
        return timedelta(0) if self.on_publish else _spacing(self)

    def _rule_days(self) -> list[weekday]:
        if not self.ordinals:
            return [weekday(day) for day in self.weekdays]
        return [weekday(day, nth) for day in self.weekdays for nth in self.ordinals]


@cache
def _spacing(cadence: Cadence) -> timedelta:
    ahead = list(islice(cadence.nominals(datetime(2026, 1, 1)), 40))  # noqa: DTZ001 - a local wall time
    return min(later - earlier for earlier, later in pairwise(ahead))


def _wrong(text: str, why: str) -> CadenceError:
    because = f"{why}; " if why else ""
    msg = f'"{text}" is no cadence: {because}{EXPECTED}'
    return CadenceError(msg)


def _times(clocks: str, text: str) -> tuple[time, ...]:
    found = set()
    for clock in clocks.split(","):
        match = _CLOCK.fullmatch(clock)
        if match is None:
            raise _wrong(text, f'"{clock}" is no time of day between 00:00 and 23:59')
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
        raise _wrong(text, f'"{name}" is no day of the week')
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
    if monthdays and not _occurs(months, monthdays):
        raise _wrong(written, "no such day ever comes")
    clocks = tuple(sorted(time(hour, minute) for hour in hours for minute in minutes))
    return Cadence(written, clocks, weekdays, (), months, monthdays)


def _occurs(months: tuple[int, ...], monthdays: tuple[int, ...]) -> bool:
    leap_year = 2028
    longest = max(calendar.monthrange(leap_year, month)[1] for month in months or range(1, 13))
    return min(monthdays) <= longest


def _numbers(field: str, allowed: range, text: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in field.split(","):
        match = _STEP.fullmatch(part)
        if match is None:
            raise _wrong(text, f'"{part}" is no number, range or "*"')
        found.update(_span(match["span"], allowed)[:: int(match["step"] or 1)])
    if not found or not found <= set(allowed):
        raise _wrong(text, f'"{field}" is not within {allowed.start}-{allowed.stop - 1}')
    return tuple(sorted(found))


def _span(span: str, allowed: range) -> range:
    if span == "*":
        return allowed
    first, _, last = span.partition("-")
    return range(int(first), int(last or first) + 1)
