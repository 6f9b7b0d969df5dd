"""Find the encoding of a list of people: proved where it can be, else judged by its letters.

A byte order mark and valid UTF-8 prove themselves. Any other bytes read as something in every old
encoding, so that of a short list of these the one is taken whose letters make sense together: an
East Asian or Cyrillic one where nearly all are letters of its script, in words of their own.
"""

import codecs
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from subscribers.roster import latin

BLOCK = 1 << 20
SAMPLE = 1 << 16
"""How many bytes of lines with other letters than ASCII are judged."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ENOUGH, _MOSTLY, _SELDOM = 0.9, 0.8, 0.7
_PAIR = 2
_CYRILLIC_WORD = re.compile(r"[\u0400-\u042f\u0490]?[\u0430-\u045f\u0491]+|[\u0400-\u042f\u0490]+")
"""Large or small letters only, or a large one before small ones."""


def encoding_of(path: Path) -> str:
    """Return the encoding of a whole file; it is read as a stream."""
    with path.open("rb") as stream:
        start = stream.read(4)
        for mark, name in _MARKS:
            if start.startswith(mark):
                return name
        stream.seek(0)
        valid, sample = _looked_through(stream)
    return "utf-8" if valid else judged(sample)


def broken_line(path: Path, encoding: str) -> int:
    """Return the number of the first line that is not in an encoding; 0 if there is none."""
    decoder = codecs.getincrementaldecoder(encoding)()
    above = 1
    with path.open("rb") as stream:
        while True:
            block = stream.read(BLOCK)
            try:
                above += decoder.decode(block, final=not block).count("\n")
            except UnicodeDecodeError as error:
                return above + error.object[: error.start].count(b"\n")
            except UnicodeError:  # it lacks the mark that has to come first
                return above
            if not block:
                return 0


def judged(sample: bytes) -> str:
    """Return the likeliest encoding of lines that are not wholly UTF-8."""
    if _mostly_utf8(sample):
        return "utf-8"
    for name, share in (("cp949", _korean), ("cp932", _japanese), ("cp1251", _cyrillic)):
        if share(sample) >= _ENOUGH:
            return name
    shares = {"gb18030": _simplified(sample), "big5": _traditional(sample)}
    likelier = max(shares, key=lambda name: shares[name])
    return likelier if shares[likelier] >= _MOSTLY else latin.judged(sample)


def _looked_through(stream: BinaryIO) -> tuple[bool, bytes]:
    """Tell whether all is UTF-8, and return lines with other letters than ASCII."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    valid, sample = True, b""
    while block := stream.read(BLOCK):
        block += stream.readline(BLOCK)
        if len(sample) < SAMPLE and not block.isascii():
            sample += b"\n".join(line for line in block.splitlines() if not line.isascii())
            sample = sample[:SAMPLE] + b"\n"
        try:
            decoder.decode(block)
        except UnicodeDecodeError:
            valid = False
        if not valid and len(sample) > SAMPLE:
            return valid, sample
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        valid = False
    return valid, sample


def _mostly_utf8(sample: bytes) -> bool:
    """Tell whether this is UTF-8 with a broken place: better to refuse that than to misread all."""
    text = sample.decode("utf-8", errors="replace")
    wrong = text.count("\ufffd")
    right = sum(not char.isascii() for char in text) - wrong
    return right * (1 - _ENOUGH) >= wrong


def _korean(sample: bytes) -> float:
    """Return how much is Hangul of the everyday set; the rare syllables fit Japanese bytes, too."""
    return _share(
        sample, "cp949", lambda char: "가" <= char <= "힣" and len(_pair(char, "euc_kr")) == _PAIR
    )


def _japanese(sample: bytes) -> float:
    return _share(sample, "cp932", lambda char: "ぁ" <= char <= "ヿ" or _han(char) or char == "々")


def _simplified(sample: bytes) -> float:
    return _share(sample, "gb18030", lambda char: _frequent(char, "gb2312", range(0xB0, 0xD8)))


def _traditional(sample: bytes) -> float:
    return _share(sample, "big5", lambda char: _frequent(char, "big5", range(0xA4, 0xC7)))


def _share(sample: bytes, encoding: str, belongs: Callable[[str], float]) -> float:
    """Return the share of foreign characters that are letters of a script, in words of their own."""
    good, foreign = 0.0, 0
    for word in _foreign_words(sample.decode(encoding, errors="replace")):
        foreign += sum(not char.isascii() for char in word)
        if not any(char.isascii() for char in word):
            good += sum(map(belongs, word))
    return good / foreign if foreign else 0.0


def _cyrillic(sample: bytes) -> float:
    """Return the share of Cyrillic in words that are written large and small as words are."""
    good = foreign = 0
    for word in _foreign_words(sample.decode("cp1251", errors="replace")):
        foreign += len(word)
        good += len(word) if _CYRILLIC_WORD.fullmatch(word) else 0
    return good / foreign if foreign else 0.0


def _foreign_words(text: str) -> Iterable[str]:
    """Yield every run of letters and of what is not ASCII that is not ASCII as a whole."""
    return (word for word in re.findall(r"(?:[^\W\d_]|[^\x00-\x7f])+", text) if not word.isascii())


def _han(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"


def _pair(char: str, encoding: str) -> bytes:
    try:
        return char.encode(encoding)
    except UnicodeEncodeError:
        return b""


def _frequent(char: str, encoding: str, leads: range) -> float:
    """Weigh a character: the frequent ones of a set come first in it."""
    pair = _pair(char, encoding)
    if not pair or not _han(char):
        return 0.0
    return 1.0 if pair[0] in leads else _SELDOM
