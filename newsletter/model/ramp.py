"""The daily limit of a new sender domain, which mail servers trust little at first."""

from dataclasses import dataclass
from datetime import datetime, timedelta

DAY = timedelta(hours=23)
"""An hour less than a day, so that a daily issue does not go out later every morning."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """`first` recipients on the first day, then at most `growth` times the largest day so far."""

    first: int
    growth: int = 2


@dataclass(frozen=True, slots=True)
class Volume:
    """What a domain has submitted: `used` on its present day, `most` on any day before."""

    began_at: datetime
    used: int = 0
    most: int = 0

    def at(self, now: datetime) -> "Volume":
        """Return the volume as of now; after the end of a day the next one begins.

        A day that begins in the future was begun by a clock that had jumped ahead.
        """
        if self.began_at > now:
            return Volume(now, self.used, self.most)
        if now < self.began_at + DAY:
            return self
        return Volume(now, 0, max(self.most, self.used))

    def after(self, people: int) -> "Volume":
        """Return the volume with `people` more recipients, or fewer if it is negative."""
        return Volume(self.began_at, max(0, self.used + people), self.most)


def room(ramp: Ramp, volume: Volume) -> int:
    """Return how many more recipients the present day takes; a batch may exceed it."""
    return max(0, max(ramp.first, ramp.growth * volume.most) - volume.used)


def opens_at(ramp: Ramp, volume: Volume, now: datetime) -> datetime | None:
    """Return when the next day begins, None if the present one has room."""
    present = volume.at(now)
    return None if room(ramp, present) else present.began_at + DAY
