"""The days on which a newsletter is not sent: pauses, and holidays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from typing_extensions import override

OnHoliday = Literal["skip", "before", "after"]

LONGEST_PAUSE = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Pause:
    """The days from the first to the last, both included, in the zone of the newsletter.

    `reason` is what staff gave, empty for a pause of newsletter.toml.
    """

    first: date
    last: date
    reason: str = ""

    @classmethod
    def parse(cls, text: str) -> "Pause":
        """Read "2026-12-24..2027-01-02" or a single day; a ValueError says what was expected."""
        first, dots, last = text.replace(" ", "").partition("..")
        try:
            begins = date.fromisoformat(first)
            ends = date.fromisoformat(last) if dots else begins
        except ValueError as error:
            msg = f'found "{text}"; expected days such as "2026-12-24..2027-01-02"'
            raise ValueError(msg) from error
        if ends < begins:
            msg = f'found "{text}"; expected the earlier day first'
            raise ValueError(msg)
        if ends - begins > LONGEST_PAUSE:
            msg = f'found "{text}"; expected a year or less'
            raise ValueError(msg)
        return cls(begins, ends)

    @override
    def __str__(self) -> str:
        """Return how it is read: from 2026-12-24 to 2027-01-02."""
        if self.first == self.last:
            return f"on {self.first}"
        return f"from {self.first} to {self.last}"


@dataclass(frozen=True, slots=True)
class DaysOff:
    """Pauses, in which no slot is served, and holidays by day with their names.

    `on_holiday` skips the slot of a holiday, or moves it to the nearest day before or after that is
    not off.
    """

    pauses: tuple[Pause, ...] = ()
    holidays: Mapping[date, str] = field(default_factory=dict, hash=False)
    on_holiday: OnHoliday = "skip"

    def pause_on(self, day: date) -> Pause | None:
        """Return the pause that holds a day."""
        return next((pause for pause in self.pauses if pause.first <= day <= pause.last), None)

    def holiday_on(self, day: date) -> str:
        """Return the name of the holiday on a day; empty if it is not one."""
        return self.holidays.get(day, "")

    def is_off(self, day: date) -> bool:
        """Return whether no issue is due on a day."""
        return day in self.holidays or self.pause_on(day) is not None
