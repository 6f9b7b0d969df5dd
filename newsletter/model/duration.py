"""Durations as people write them: 30m, 4h, 1h30m."""

import re
from datetime import timedelta

_DURATION = re.compile(r"(?:\d{1,6}[smhdw])+|0")
_PART = re.compile(r"(\d{1,6})([smhdw])")
_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}


def duration(text: str) -> timedelta:
    """Parse "30m", "2h", "3d" or "1h30m"; raise ValueError."""
    if not _DURATION.fullmatch(text):
        msg = f'found "{text}"; expected a duration such as "30m", "2h", "3d" or "1h30m"'
        raise ValueError(msg)
    parts = (timedelta(**{_UNITS[unit]: int(number)}) for number, unit in _PART.findall(text))
    return sum(parts, timedelta(0))


def spell_duration(length: timedelta) -> str:
    """Write whole minutes as `duration` reads them."""
    minutes = int(length.total_seconds()) // 60
    hours, rest = divmod(minutes, 60)
    return f"{hours}h{rest}m" if hours and rest else f"{hours}h" if hours else f"{rest}m"
