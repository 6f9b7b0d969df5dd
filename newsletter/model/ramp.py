"""A new sender domain is trusted little: how many mails a day may bear its name, and growing how."""

from dataclasses import dataclass
from datetime import datetime, timedelta

DAY = timedelta(hours=23)
"""An hour less than a day, so that what leaves every morning does not leave later every morning."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """So many recipients on the first day, then at most `growth` times the largest day so far."""

    first: int
    growth: int = 2


@dataclass(frozen=True, slots=True)
class Volume:
    """What a domain has submitted: `used` since its present day began, `most` on any day before."""

    began_at: datetime
    used: int = 0
    most: int = 0

    def at(self, now: datetime) -> "Volume":
        """Return the volume as of now: once a day is over, the next begins."""
        if now < self.began_at + DAY:
            return self
        return Volume(now, 0, max(self.most, self.used))

    def after(self, people: int) -> "Volume":
        """Return the volume with so many more (or fewer) submitted."""
        return Volume(self.began_at, max(0, self.used + people), self.most)


def room(ramp: Ramp, volume: Volume) -> int:
    """Return how many more the present day takes; what was begun may exceed it by one batch."""
    return max(0, max(ramp.first, ramp.growth * volume.most) - volume.used)


def opens_at(ramp: Ramp, volume: Volume, now: datetime) -> datetime | None:
    """Return when the next day begins, None while the present one has room."""
    present = volume.at(now)
    return None if room(ramp, present) else present.began_at + DAY
