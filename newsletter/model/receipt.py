"""What became of an issue, for one reader."""

from enum import StrEnum


class Receipt(StrEnum):
    """What a reader is told about one issue; a `Reason` explains why they were left out of it."""

    SENT = "sent"
    SENDING = "sending"
    UNAPPROVED = "unapproved"
    APPROVED = "approved"
    PAUSED = "paused"
    CALLED_OFF = "called off"
    SKIPPED = "skipped"
    NOTHING_NEW = "nothing new"
    FAILED = "failed"
    LEFT_OUT = "left out"

    @property
    def key(self) -> str:
        """Return the key of the sentence in the catalog, such as `receipt.sent`."""
        return f"receipt.{self.name.lower()}"
