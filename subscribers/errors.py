"""The errors of subscribers, named for what the caller can do about them."""

from enum import StrEnum

from subscribers.phrase import Phrase


class SubscribersError(Exception):
    """Say in one line what happened, where, and what to do next."""


class SegmentError(SubscribersError):
    """A segment is invalid; `column` counts from 1."""

    def __init__(self, column: int, expected: str) -> None:
        """Say where the segment became invalid and what was expected there."""
        said = Phrase("segment, column {column}: {expected}", column=column, expected=expected)
        super().__init__(said)
        self.column = column
        self.expected = expected


class InvalidAddress(SubscribersError):
    """A text is not an email address; `word` selects the sentence that a form shows."""

    word = "address"


class UnsupportedAddress(InvalidAddress):
    """An address with non-ASCII letters before the @, which our providers do not support."""

    word = "letters"

    def __init__(self) -> None:
        """Say what such an address may contain; without the address, as this may be logged."""
        super().__init__(
            "the part before the @ may contain only unaccented letters, digits and signs"
        )


class AdditionRefused(SubscribersError):
    """A subscriber must not be added: they are suppressed, erased, or unsubscribed."""


class InvalidTag(SubscribersError):
    """A text cannot be the name of a tag."""


class Remedy(StrEnum):
    """What the importer can specify so that a refused file is read."""

    MAP_COLUMN = "map a column"
    ENCODING = "name the encoding"
    DELIMITER = "name the delimiter"
    STATUS_COLUMN = "map or ignore a status column"


class ImportRefused(SubscribersError):
    """A file cannot be imported as it is; the message says why and what to change.

    `remedy` says what the importer can specify; the caller knows how that is done.
    """

    def __init__(self, reason: str, remedy: Remedy | None = None) -> None:
        """Say what is wrong with the file."""
        super().__init__(reason)
        self.remedy = remedy


class Unknown(SubscribersError):
    """The subscriber, import or suppression does not exist."""


class NoReason(SubscribersError):
    """An act that is recorded with its reason was requested without one."""


class ImportInterrupted(ImportRefused):
    """A file changed while it was imported; the rows before it are applied."""

    def __init__(self, reason: str, import_id: int) -> None:
        """Say which import is half applied."""
        super().__init__(f"{reason}. The rows above were applied as import {import_id}")
        self.import_id = import_id


class UnclearStatus(ImportRefused):
    """A column looks like a status and is not understood; someone in it may have unsubscribed."""

    def __init__(self, column: str, values: tuple[str, ...]) -> None:
        """Name the column, and some of its values."""
        shown = ", ".join(f"“{value}”" for value in values) or "nothing so far"
        super().__init__(
            f"the column “{column[:60]}” looks like a status and is not understood; it contains {shown}",
            Remedy.STATUS_COLUMN,
        )
        self.column = column
