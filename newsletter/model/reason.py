"""Why a subscriber was excluded or withdrawn from an issue, as typed values.

The values are what the database stores. The wording is in the catalog, one sentence per language.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Every reason that this program gives for not sending an issue to a subscriber."""

    PENDING = "pending"
    UNSUBSCRIBED = "unsubscribed"
    NOT_SUBSCRIBED = "not subscribed"
    PAUSED = "paused"
    OUTSIDE_SEGMENT = "not in the segment"
    WEEKLY = "frequency: weekly"
    MONTHLY = "frequency: monthly"
    DAILY_LIMIT = "daily limit"
    BOUNCED = "suppressed:bounce"
    COMPLAINED = "suppressed:complaint"
    SUPPRESSED = "suppressed:manual"
    SUPPRESSED_ERASED = "suppressed:erased"
    ERASED = "erased"
    NOTHING_FOLLOWED = "nothing followed"
    NO_EDITION = "no edition fits"
    CANCELLED = "cancelled"

    @property
    def key(self) -> str:
        """Return the key of the sentence in the catalog, such as `reason.outside_segment`."""
        return f"reason.{self.name.lower()}"

    @classmethod
    def parse(cls, stored: str) -> "Reason | None":
        """Return the reason that the database holds, or None for a server's own words."""
        return cls(stored) if stored in set(cls) else None
