"""Text from outside, made safe to print anywhere: a page, a mail, a header, a plain text."""

import re
import unicodedata
from urllib.parse import quote, urlsplit

_BREAKS = re.compile(r"[\t\n\r\v\f\x85\u2028\u2029]+")
_TURNING = frozenset(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF]))
_UNSAFE_IN_URL = re.compile(r"[\s\x00-\x20\x7f-\xa0\"'<>`{}|\\^]")
LONGEST_URL = 2000


def printable(text: str) -> str:
    """Return one line without control characters and marks that turn the direction of others.

    Joiners and the left-to-right and right-to-left marks stay: Persian, Arabic and emoji need
    them, and they reach no further than the characters beside them.
    """
    line = _BREAKS.sub(" ", text)
    kept = (
        character
        for character in line
        if character not in _TURNING and unicodedata.category(character) not in _HIDDEN
    )
    return "".join(kept).strip()


_HIDDEN = frozenset({"Cc", "Cs", "Co"})


def bounded(text: str, longest: int) -> str:
    """Return a printable line of at most about `longest` characters, cut at a word with "…"."""
    line = re.sub(r"[ \u00a0]+", " ", printable(text[: longest * 4]))
    if len(line) <= longest:
        return line
    return line[:longest].rsplit(None, 1)[0].rstrip(" ,;:") + "…"


def web_address(url: str) -> str:
    """Return the address if it is one of a page (http or https) that is safe to print, else ""."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        return ""
    safe = _UNSAFE_IN_URL.sub(lambda found: quote(found[0], safe=""), url.strip())
    return safe if len(safe) <= LONGEST_URL else ""
