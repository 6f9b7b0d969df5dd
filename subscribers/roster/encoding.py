"""Find the encoding of a list: by proof if possible, else by the letters of the names in it.

A byte order mark or valid UTF-8 is proof. Other bytes are valid in most legacy encodings. Of a short
list, choose the one whose letters make sense together: an East Asian or Cyrillic one if nearly all
are letters of its script, in words without Latin letters.
"""

import codecs
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from subscribers.roster import latin

BLOCK = 1 << 20
SAMPLE = 1 << 16
"""How many bytes of lines with non-ASCII letters are examined."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Shares found by trying lists in thirteen languages, see tests/integration/subscribers/test_reading.py.
_ENOUGH, _MOSTLY, _SELDOM = 0.9, 0.8, 0.7
_PAIR = 2
_CYRILLIC_WORD = re.compile(r"[\u0400-\u042f\u0490]?[\u0430-\u045f\u0491]+|[\u0400-\u042f\u0490]+")
"""Upper case only, or lower case with at most an initial capital."""


def encoding_of(path: Path) -> str:
    """Return the encoding of a file, which is read as a stream."""
    with path.open("rb") as stream:
        start = stream.read(4)
        for mark, name in _MARKS:
            if start.startswith(mark):
                return name
        stream.seek(0)
        valid, sample = _scan(stream)
    return "utf-8" if valid else judged(sample)


def broken_line(path: Path, encoding: str) -> int:
    """Return the number of the first line that is invalid in an encoding; 0 if all are valid."""
    decoder = codecs.getincrementaldecoder(encoding)()
    above = 1
    with path.open("rb") as stream:
        while True:
            block = stream.read(BLOCK)
            try:
                above += decoder.decode(block, final=not block).count("\n")
            except UnicodeDecodeError as error:
                return above + error.object[: error.start].count(b"\n")
            except UnicodeError:  # UTF-16 without its byte order mark
                return above
            if not block:
                return 0


def judged(sample: bytes) -> str:
    """Return the most likely encoding of lines that are not all valid UTF-8."""
    if _mostly_utf8(sample):
        return "utf-8"
    for name, share in (("cp949", _korean), ("cp932", _japanese), ("cp1251", _cyrillic)):
        if share(sample) >= _ENOUGH:
            return name
    shares = {"gb18030": _simplified(sample), "big5": _traditional(sample)}
    likelier = max(shares, key=lambda name: shares[name])
    return likelier if shares[likelier] >= _MOSTLY else latin.judged(sample)


def _scan(stream: BinaryIO) -> tuple[bool, bytes]:
    """Return whether all bytes are UTF-8, and a sample of lines with non-ASCII letters."""
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
    """Return whether this is UTF-8 with a few broken bytes.

    Refusing such a file is better than reading every name in it wrongly.
    """
    text = sample.decode("utf-8", errors="replace")
    wrong = text.count("\ufffd")
    right = sum(not char.isascii() for char in text) - wrong
    return right * (1 - _ENOUGH) >= wrong


def _korean(sample: bytes) -> float:
    """Return the share of common Hangul syllables; Japanese bytes decode to rare ones."""
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
    """Return the share of non-ASCII characters that are letters of a script, in unmixed words."""
    good, foreign = 0.0, 0
    for word in _foreign_words(sample.decode(encoding, errors="replace")):
        foreign += sum(not char.isascii() for char in word)
        if not any(char.isascii() for char in word):
            good += sum(map(belongs, word))
    return good / foreign if foreign else 0.0


def _cyrillic(sample: bytes) -> float:
    """Return the share of Cyrillic in words with ordinary capitalization."""
    good = foreign = 0
    for word in _foreign_words(sample.decode("cp1251", errors="replace")):
        foreign += len(word)
        good += len(word) if _CYRILLIC_WORD.fullmatch(word) else 0
    return good / foreign if foreign else 0.0


def _foreign_words(text: str) -> Iterable[str]:
    """Yield words of letters and non-ASCII characters that are not all ASCII."""
    return (word for word in re.findall(r"(?:[^\W\d_]|[^\x00-\x7f])+", text) if not word.isascii())


def _han(char: str) -> bool:
    return "\u4e00" <= char <= "\u9fff"


def _pair(char: str, encoding: str) -> bytes:
    try:
        return char.encode(encoding)
    except UnicodeEncodeError:
        return b""


def _frequent(char: str, encoding: str, leads: range) -> float:
    """Weight a Han character: both character sets start with the frequent ones."""
    pair = _pair(char, encoding)
    if not pair or not _han(char):
        return 0.0
    return 1.0 if pair[0] in leads else _SELDOM
