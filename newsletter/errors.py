"""The errors of this package, named for what the caller can do about them."""


class ConfigurationError(Exception):
    """Say which file, key and line is wrong and what was expected.

    Deliberately not a NewsletterError: nothing that copes with one bad source or delivery may
    swallow a wrong configuration.
    """


class NewsletterError(Exception):
    """Say in one line what happened, where, and what to do next."""


class FetchFailed(NewsletterError):
    """A source could not be read; the others go on."""


class ExtractFailed(NewsletterError):
    """A document was read, but holds no article; `str(error)` is the reason."""


class TemplateFailed(NewsletterError):
    """A template does not compile or names something that it is not given."""


class NotAllowed(NewsletterError):
    """An act does not fit the present state (approve a draft, send without a postal address)."""


class NotFound(NewsletterError):
    """What was asked for does not exist."""
