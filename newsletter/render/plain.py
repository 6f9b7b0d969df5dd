"""Lay out the text part: wrapped lines, in scripts of any width."""

import re
import unicodedata
from collections.abc import Iterator

# Narrower than the 78 columns of RFC 5322, so that a quoted reply still fits.
MEASURE = 72
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
# Closing marks that must not begin a line in Japanese and Chinese (kinsoku shori).
_NO_START = frozenset("、。，・：？！）」』】〉》ー…’”,.:;?!)\uff0e\uff1b")
_BLANKS = re.compile(r"\n{3,}")
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)


def width(text: str) -> int:
    """Return the width of a text in columns."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def wrap(text: str, indent: str = "", first: str | None = None, measure: int = MEASURE) -> str:
    """Wrap text into lines of `measure` columns; addresses and long words are not broken.

    Japanese and Chinese may break between any two characters, but not before a closing mark.
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
    """Yield the pieces that must not be broken, and whether a space precedes each."""
    for word in text.split():
        spaced = True
        piece = ""
        for char in word:
            breaks = bool(piece) and (_UNSPACED.match(char) or _UNSPACED.match(piece[-1]))
            if breaks and char not in _NO_START and "://" not in word:
                yield piece, spaced
                piece, spaced = "", False
            piece += char
        yield piece, spaced


def rule(mark: str = "-", measure: int = MEASURE) -> str:
    """Return a line of `mark` across the page."""
    return mark * measure


def tidy(text: str) -> str:
    """Remove trailing blanks and gaps; end the text with one line break."""
    return _BLANKS.sub("\n\n", _TRAILING.sub("", text)).strip() + "\n"
