"""The errors of people, named for what the caller can do about them."""


class SubscribersError(Exception):
    """Say in one line what happened, where, and what to do next."""


class SegmentError(SubscribersError):
    """A segment does not read; `column` counts from 1."""

    def __init__(self, column: int, expected: str) -> None:
        """Say where it stopped making sense and what was expected there."""
        super().__init__(f"segment, column {column}: {expected}")
        self.column = column
        self.expected = expected


class InvalidAddress(SubscribersError):
    """A text is no mail address; `word` tells forms which of their sentences says why."""

    word = "address"


class UnsupportedAddress(InvalidAddress):
    """An address that no provider of ours carries: other letters than plain ones before the @."""

    word = "letters"

    def __init__(self) -> None:
        """Say what such an address may hold; without the address, as this may be logged."""
        super().__init__("before the @, mail servers take plain letters, digits and signs only")


class InvalidTag(SubscribersError):
    """A text is no name for a tag."""


class ImportRefused(SubscribersError):
    """A file cannot be imported as it is; the message says why and what to change."""


class Unknown(SubscribersError):
    """There is no such subscriber, import or suppression."""


class NoReason(SubscribersError):
    """An act that is recorded with its reason was asked for without one."""
