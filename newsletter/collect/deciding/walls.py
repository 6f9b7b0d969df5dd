"""Recognize what a site shows instead of an article: a login, a challenge, the front page."""

import re

from newsletter.collect.text import urls

_PASSWORD = re.compile(r"\btype\s?=\s?[\"']?password", re.IGNORECASE)
_CHALLENGE = re.compile(
    r"<title>\s*(?:just a moment|attention required|access denied|are you a robot|security check"
    r"|checking your browser|please wait)",
    re.IGNORECASE,
)
FEW_WORDS, HEAD = 150, 20_000
LONGEST_TAG, MOST_FIELDS = 1000, 50


def is_login(text: str) -> bool:
    """Return whether a page asks for a password."""
    # Looking back from the attribute to its tag is linear; a pattern from "<input" on is not.
    for number, found in enumerate(_PASSWORD.finditer(text)):
        tag = text[max(0, found.start() - LONGEST_TAG) : found.start()].rpartition("<")[2]
        if tag[:6].lower() == "input " and ">" not in tag:
            return True
        if number >= MOST_FIELDS:
            break
    return False


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
        return "a browser challenge instead of the article"
    return "a login page instead of the article" if is_login(text) else ""
