"""The plain text part: lines that fit, in scripts of any width."""

import re
import unicodedata
from collections.abc import Iterator

MEASURE = 72
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_NO_START = frozenset("、。，・：？！）」』】〉》ー…’”,.:;?!)\uff0e\uff1b")
_BLANKS = re.compile(r"\n{3,}")
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)


def width(text: str) -> int:
    """Return how many columns a text takes."""
    return sum(
        0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1
        for one in text
    )


def wrap(text: str, indent: str = "", first: str | None = None, measure: int = MEASURE) -> str:
    """Break text into lines of `measure` columns; addresses and long words stay whole.

    Japanese and Chinese break between any two characters, though never before a closing mark.
    """
    lines: list[str] = []
    line = indent if first is None else first
    empty = True
    for piece, spaced in _pieces(text):
        joined = piece if empty or not spaced else f" {piece}"
        if not empty and width(line) + width(joined) > measure:
            lines.append(line)
            line, joined = indent, piece
        line += joined
        empty = False
    return "\n".join([*lines, line])


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield what may not be broken, and whether a space stood before it."""
    for word in text.split():
        spaced = True
        piece = ""
        for one in word:
            breaks = bool(piece) and (_UNSPACED.match(one) or _UNSPACED.match(piece[-1]))
            if breaks and one not in _NO_START and "://" not in word:
                yield piece, spaced
                piece, spaced = "", False
            piece += one
        yield piece, spaced


def rule(mark: str = "-", measure: int = MEASURE) -> str:
    """Return a line across the page."""
    return mark * measure


def tidy(text: str) -> str:
    """Return the part as it is mailed: no trailing blanks, no gaps, one line break at the end."""
    return _BLANKS.sub("\n\n", _TRAILING.sub("", text)).strip() + "\n"
