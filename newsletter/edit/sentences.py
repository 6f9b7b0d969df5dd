"""Split a paragraph into sentences, in the languages that a publisher mixes.

sentencex knows the abbreviations and quotation rules of many languages. This module repairs what it
misses: a footnote mark, closing bracket or ellipsis between two sentences, a Japanese quotation within
a sentence, and abbreviations that it does not know. Offsets refer to the original paragraph, including its footnote marks.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# Longer than any real paragraph; it bounds the time for hostile input.
LONGEST_PARAGRAPH = 20_000
FOOTNOTE = re.compile(r"\[\d{1,3}\]")
_SEAM = re.compile(r"(?:(?<=[.!?]\))|(?<=…))\s+(?=[A-Z“\"(\u00c0-\u00de])")
# A numbered list item, "1. ", which is not a sentence.
_NUMBER = re.compile(r"\s*\(?\d{1,2}[.)]\s*")
# Japanese particles after a closing quotation mark: the sentence continues.
_GOES_ON = re.compile(r"\s*(?:と|って|という|、)")
# What comes before a name, and before a number, in the languages whose abbreviations sentencex
# does not know. Others are known by the small letter after them.
_BEFORE_NAME = {
    "fr": "m mm mme mmes mlle mlles me mgr dr drs pr prof st ste sts bd",
    "pl": "dr hab inż mgr prof św ul pl al",
    "ru": "ул гл проф акад",
}
_BEFORE_NUMBER = {
    "fr": "art al chap t vol n no fig p pp env av bd éd janv févr avr juil sept oct nov déc",
    "pl": "art ust pkt poz nr godz ok str s t r",
    "ru": "ст п гл стр рис д кв ок",
}
_LAST_WORD = re.compile(r"(?:^|[\s(«“\"'’‘])([^\s(«“\"'’‘]{1,6})\.\s*$")
_NUMERAL = re.compile(r"\d|[IVXLC]+\b")
LONGEST_ABBREVIATION = 10
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
    import sentencex  # noqa: PLC0415 - large, and the desk loads this module without splitting

    ends: list[int] = []
    done = 0
    for piece in sentencex.segment(language, line):
        if ends and (_NUMBER.fullmatch(line, ends[-2] if len(ends) > 1 else 0, ends[-1])):
            ends.pop()
        if ends and _goes_on(line[: ends[-1]], piece, language):
            ends.pop()
        ends.extend(done + seam.end() for seam in _SEAM.finditer(piece) if seam.start())
        done += len(piece)
        ends.append(done)
    # sentencex must return the whole line; if it does not, its offsets cannot be trusted.
    return sorted(set(ends)) if done == len(line) else [len(line)]


def _goes_on(before: str, piece: str, language: str) -> bool:
    """Return whether a piece continues the sentence that a full stop seems to have ended."""
    if language == "ja":
        return bool(_GOES_ON.match(piece))
    begun, ended = piece.lstrip(), before.rstrip()
    if not begun or not ended.endswith("."):
        return False
    # "iPhone" may begin a sentence, "c.-à-d." and "z.B. in" do not.
    if begun[0] == "-" or (begun[0].islower() and not begun[1:2].isupper()):
        return True
    last = _LAST_WORD.search(ended[-LONGEST_ABBREVIATION:])
    known = _BEFORE_NUMBER if _NUMERAL.match(begun) else _BEFORE_NAME
    return bool(last and last[1].casefold() in known.get(language, "").split())
