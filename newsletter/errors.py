"""The errors of this package, named for what the caller can do about them."""


class ConfigurationError(Exception):
    """Say which file, key and line is wrong and what was expected.

    Deliberately not a NewsletterError: nothing that copes with one bad source or delivery may
    swallow a wrong configuration.
    """


class NextStep:
    """Base of the values in `newsletter.model.next_step`: what a person may do next."""

    __slots__ = ()


class NewsletterError(Exception):
    """What happened and where, in one line; `next_step` is what a person may do about it."""

    def __init__(self, message: str = "", *, next_step: NextStep | None = None) -> None:
        """Keep the message and the next step."""
        super().__init__(message)
        self.next_step = next_step


class FetchFailed(NewsletterError):
    """A source could not be read; the others go on.

    `retry_after_seconds` is what the server asked for, 0 if nothing; `status` its answer, 0 if it
    gave none.
    """

    def __init__(self, reason: str, *, status: int = 0, retry_after_seconds: int = 0) -> None:
        """Keep the reason as the message."""
        super().__init__(reason)
        self.status = status
        self.retry_after_seconds = retry_after_seconds


class ExtractFailed(NewsletterError):
    """A document was read, but holds no article; `str(error)` is the reason."""


class TemplateFailed(NewsletterError):
    """A template does not compile or names something that it is not given."""


class NotAllowed(NewsletterError):
    """An act does not fit the present state (approve a draft, send without a postal address)."""


class DraftChanged(NotAllowed):
    """Someone else has changed the draft since the person who acts looked at it."""


class NothingToPrint(NotAllowed):
    """The issue holds too few items to print, so it cannot be rendered."""


class NotFound(NewsletterError):
    """What was asked for does not exist."""


class NotPermitted(NewsletterError):
    """The actor's role does not include this act."""
