"""The hours of the night in which nothing is submitted."""

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta

_HOURS = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Quiet:
    """From one local wall time to another, over midnight if the second is the earlier one."""

    begins: time
    ends: time

    @classmethod
    def parse(cls, text: str) -> "Quiet | None":
        """Read "22:00-07:00"; nothing is None. Raise ValueError saying what was expected."""
        if not text.strip():
            return None
        found = _HOURS.fullmatch(text.strip())
        if found is None or (begins := time(int(found[1]), int(found[2]))) == (
            ends := time(int(found[3]), int(found[4]))
        ):
            msg = f'{text!r} is not a span of quiet hours; expected two times such as "22:00-07:00"'
            raise ValueError(msg)
        return cls(begins, ends)

    def covers(self, local: datetime) -> bool:
        """Return whether this local time is quiet; the beginning is, the end is not."""
        at = local.time()
        if self.begins < self.ends:
            return self.begins <= at < self.ends
        return at >= self.begins or at < self.ends

    def over(self, local: datetime) -> datetime:
        """Return when the quiet that covers this local time ends."""
        today = datetime.combine(local.date(), self.ends, local.tzinfo)
        return today if local < today else today + timedelta(days=1)
