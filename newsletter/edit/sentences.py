"""Sentences of a paragraph, in the languages that a publisher mixes.

sentencex knows the abbreviations and quotation rules of many languages; what it misses (a footnote
mark, a closing bracket or an ellipsis between two sentences; a Japanese quotation that goes on) is
repaired here. Offsets are into the paragraph as given, footnote marks included.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import sentencex

LONGEST_PARAGRAPH = 20_000
FOOTNOTE = re.compile(r"\[\d{1,3}\]")
_SEAM = re.compile(r"(?:(?<=[.!?]\))|(?<=…))\s+(?=[A-Z“\"(\u00c0-\u00de])")
_NUMBER = re.compile(r"\s*\(?\d{1,2}[.)]\s*")
_GOES_ON = re.compile(r"\s*(?:と|って|という|、)")
_UNWRITABLE = re.compile("[\ud800-\udfff]")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence without footnote marks, and where it stands in its paragraph."""

    text: str
    start: int
    end: int


def split(paragraph: str, language: str) -> list[Sentence]:
    """Return the sentences of a paragraph; a line break always ends one.

    Of a paragraph longer than any that somebody wrote, only the beginning is read.
    """
    blanked = FOOTNOTE.sub(lambda mark: " " * len(mark[0]), paragraph[:LONGEST_PARAGRAPH])
    blanked = _UNWRITABLE.sub("\ufffd", blanked.replace("\u00a0", " "))
    found = []
    for start, end in _spans(blanked, language[:2] or "en"):
        text = _SPACE.sub(" ", FOOTNOTE.sub("", paragraph[start:end])).strip()
        if text:
            found.append(Sentence(text, start, end))
    return found


def _spans(text: str, language: str) -> Iterator[tuple[int, int]]:
    place = 0
    for line in text.splitlines(keepends=True):
        pieces = [place + length for length in _lengths(line, language)]
        yield from zip([place, *pieces[:-1]], pieces, strict=True)
        place += len(line)


def _lengths(line: str, language: str) -> list[int]:
    """Return where each sentence of one line ends."""
    ends: list[int] = []
    done = 0
    for piece in sentencex.segment(language, line):
        if ends and (_NUMBER.fullmatch(line, ends[-2] if len(ends) > 1 else 0, ends[-1])):
            ends.pop()
        if ends and language == "ja" and _GOES_ON.match(piece):
            ends.pop()
        ends.extend(done + seam.end() for seam in _SEAM.finditer(piece) if seam.start())
        done += len(piece)
        ends.append(done)
    return sorted(set(ends)) if done == len(line) else [len(line)]
