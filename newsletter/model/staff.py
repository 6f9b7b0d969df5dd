"""Members of staff, and their sessions at the desk."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from newsletter.model.actor import Actor, Role

IDLE = timedelta(hours=12)
"""A session ends when it has not been used for so long."""
LONGEST = timedelta(days=30)
"""A session ends so long after it began, however often it is used."""
RECENT = timedelta(hours=1)
"""Acts that cannot be taken back need a sign-in that is not older."""
LINK_LASTS = timedelta(minutes=15)
"""A sign-in link works for so long, once."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff; `language` is the desk's language for them, empty for the default."""

    id: int
    address: str
    role: Role
    language: str
    added_at: datetime

    @property
    def actor(self) -> Actor:
        """Return the member as the one who acts."""
        return Actor.person(self.address, self.role)


@dataclass(frozen=True, slots=True)
class DeskSession:
    """A browser in which a member has signed in; `browser` describes it for the list."""

    id: int
    member: Member
    signed_in_at: datetime
    seen_at: datetime
    browser: str

    def is_open(self, now: datetime) -> bool:
        """Return whether the session still admits its browser."""
        return now < self.seen_at + IDLE and now < self.signed_in_at + LONGEST
