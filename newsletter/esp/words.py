"""Words from outside: what a person or somebody's server wrote, made fit to be passed on."""

import re

_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029\ud800-\udfff]+")
_ADDRESS = re.compile(r"\S+@\S+")


def one_line(text: str) -> str:
    """Return a text without line breaks and control characters, its blanks made single."""
    return " ".join(_CONTROL.sub(" ", text).split())


def said(text: str | bytes, most: int = 300) -> str:
    """Return what a provider said, fit to be stored and shown: one line, with no address in it.

    A control character in it would be refused by PostgreSQL, together with the result it explains.
    """
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return _ADDRESS.sub("(an address)", one_line(text))[:most]


def broken(error: Exception) -> str:
    """Return what an exception says; vendors' and servers' words may be part of it."""
    words = said(str(error))
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
