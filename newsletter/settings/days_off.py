"""Read the days on which a newsletter is not sent from the configuration."""

from datetime import date
from pathlib import Path
from typing import get_args

from newsletter.model.days_off import DaysOff, OnHoliday, Pause
from newsletter.settings.reading import Table


def days_off(table: Table, root: Path) -> DaysOff:
    """Return the pauses and holidays of a newsletter; report errors to its table."""
    return DaysOff(
        pauses=_pauses(table),
        holidays=_holidays(table, root),
        on_holiday=table.choice("on_holiday", "skip", get_args(OnHoliday)),
    )


def _pauses(table: Table) -> tuple[Pause, ...]:
    found = []
    for text in table.texts("pauses"):
        try:
            found.append(Pause.parse(text))
        except ValueError as error:
            table.complain("pauses", str(error))
    return tuple(found)


def _holidays(table: Table, root: Path) -> dict[date, str]:
    found: dict[date, str] = {}
    for name in table.texts("holidays"):
        from newsletter.fetch.calendars import holidays  # noqa: PLC0415 - slow, and rarely needed

        try:
            text = (root / name).read_text(encoding="utf-8-sig")
            found = {**holidays(text), **found}
        except OSError as error:
            table.complain("holidays", f'"{name}" cannot be read: {error.strerror}')
        except ValueError as error:
            why = "is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
            table.complain("holidays", f'"{name}" {why}')
    return found
