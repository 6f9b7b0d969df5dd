"""Recognize what a site shows instead of an article: a login, a challenge, the front page."""

import re

from newsletter.collect.text import urls

_PASSWORD = re.compile(r"<input\b[^>]*\btype=[\"']?password", re.IGNORECASE)
_CHALLENGE = re.compile(
    r"<title>\s*(?:just a moment|attention required|access denied|are you a robot|security check"
    r"|checking your browser|please wait)",
    re.IGNORECASE,
)
FEW_WORDS, HEAD = 150, 20_000


def is_login(text: str) -> bool:
    """Return whether a page asks for a password."""
    return bool(_PASSWORD.search(text))


def wall(asked: str, came: str, body: bytes, words: int) -> str:
    """Return what was served instead of the article at `asked`, or an empty string.

    `came` is the address after redirects, `words` the number of words extracted.
    """
    if urls.is_homepage(came) and not urls.is_homepage(asked):
        return "the site's front page instead of the article"
    if words >= FEW_WORDS:
        return ""
    text = body.decode("utf-8", "replace")
    if _CHALLENGE.search(text[:HEAD]):
        return "a challenge for browsers instead of the article"
    return "a login page instead of the article" if is_login(text) else ""
