"""Split a paragraph into sentences, in the languages that a publisher mixes.

sentencex knows the abbreviations and quotation rules of many languages. This module repairs what it
misses: a footnote mark, closing bracket or ellipsis between two sentences, and a Japanese quotation
within a sentence. Offsets refer to the original paragraph, including its footnote marks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import sentencex

# Longer than any real paragraph; it bounds the time for hostile input.
LONGEST_PARAGRAPH = 20_000
FOOTNOTE = re.compile(r"\[\d{1,3}\]")
_SEAM = re.compile(r"(?:(?<=[.!?]\))|(?<=…))\s+(?=[A-Z“\"(\u00c0-\u00de])")
# A numbered list item, "1. ", which is not a sentence.
_NUMBER = re.compile(r"\s*\(?\d{1,2}[.)]\s*")
# Japanese particles after a closing quotation mark: the sentence continues.
_GOES_ON = re.compile(r"\s*(?:と|って|という|、)")
_UNWRITABLE = re.compile("[\ud800-\udfff]")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence without footnote marks, and its place in the paragraph."""

    text: str
    start: int
    end: int


def split(paragraph: str, language: str) -> list[Sentence]:
    """Return the sentences of a paragraph. A line break always ends a sentence.

    Only the first LONGEST_PARAGRAPH characters are read.
    """
    # Blanks of the same length keep the offsets right.
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
    """Return the offset at which each sentence of a line ends."""
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
    # sentencex must return the whole line; if it does not, its offsets cannot be trusted.
    return sorted(set(ends)) if done == len(line) else [len(line)]
