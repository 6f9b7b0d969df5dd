"""Read dates, and whether a row states consent: yes, or a date on which they agreed; pure."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from subscribers.roster.cells import moment
from subscribers.roster.vocabulary import fold

LONGEST_DATE = 40
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""No list is older. Earlier dates are placeholders: 0000-00-00, 1899-12-30, 1970-01-01."""
_CLOCKS_DIFFER = timedelta(days=1)  # between time zones, and between computers

_YES = frozenset(
    map(
        fold,
        (
            "yes y true 1 x ok agreed confirmed ja oui sí si sim tak prawda да sant evet 예 네 동의"
            " 동의함 はい 同意 是"
        ).split(),
    )
)
_DATED = re.compile(
    r"(?=(?:\D*\d){4})[\d\s.,:/+\-TZ년월일年月日]+(?:[ap]m)?(?:\s?(?:utc|gmt))?", re.IGNORECASE
)
_MONTHS = {
    month: number
    for number, month in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_MONTH = re.compile(rf"\b({'|'.join(_MONTHS)})[a-z]*\b", re.IGNORECASE)
_EXCEL = datetime(1899, 12, 30, tzinfo=UTC)
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_UNIX = re.compile(r"\d{10}(?:\d{3})?")


def states_consent(cell: str, now: datetime) -> bool:
    """Return whether a cell says yes, or gives a date between 1990 and now."""
    return fold(cell) in _YES or bool(past_dates(cell, now))


@lru_cache(maxsize=4096)
def consent_time(cell: str, now: datetime) -> datetime | None:
    """Return when the subscriber agreed; None if the cell gives no date, or an ambiguous one."""
    dates = set(past_dates(cell, now))
    return dates.pop() if len(dates) == 1 else None


@lru_cache(maxsize=4096)
def past_dates(cell: str, now: datetime) -> tuple[datetime, ...]:
    """Return the dates between 1990 and now that a cell may mean.

    05/11/2025 may mean the fifth of November or the eleventh of May.
    """
    if not cell or len(cell) > LONGEST_DATE:
        return ()
    return tuple(date for date in candidates(cell) if EARLIEST <= date <= now + _CLOCKS_DIFFER)


def candidates(cell: str) -> Iterable[datetime]:
    """Yield the dates that a cell may mean, of any time."""
    if _UNIX.fullmatch(cell):
        yield datetime.fromtimestamp(int(cell[:10]), UTC)
    elif _SERIAL.fullmatch(cell):
        yield _EXCEL + timedelta(days=float(cell))
    elif (exact := moment(cell)) is not None:
        yield exact
    elif _DATED.fullmatch(_MONTH.sub("", cell).strip()):
        yield from _dates(cell)


def _dates(cell: str) -> Iterable[datetime]:
    """Yield the dates that the first numbers of a cell may mean."""
    numbers = [int(number) for number in re.findall(r"\d+", cell)]
    if (named := _MONTH.search(cell)) is not None:
        if len(numbers) < 2:  # noqa: PLR2004 - day and year
            return
        month = _MONTHS[named[1].lower()]
        first, second = numbers[:2]  # "Nov 5 2025", "5 Nov 2025", "2025 Nov 5"
        orders = [(second, month, first), (first, month, second)]
    elif len(numbers) < 3:  # noqa: PLR2004 - year, month and day
        return
    elif numbers[0] > 31:  # noqa: PLR2004 - not a day of a month
        orders = [(numbers[0], numbers[1], numbers[2])]
    else:
        first, second, year = numbers[:3]
        orders = [(_full(year), second, first), (_full(year), first, second)]
    for year, month, day in dict.fromkeys(orders):
        try:
            yield datetime(year, month, day, tzinfo=UTC)
        except ValueError:
            continue


def _full(year: int) -> int:
    """Return a year of two digits in full: 25 means 2025, 95 means 1995."""
    if year >= 100:  # noqa: PLR2004 - more than two digits
        return year
    return 2000 + year if year < 90 else 1900 + year  # noqa: PLR2004 - EARLIEST
