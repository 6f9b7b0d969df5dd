"""Decode bytes to text.

The order is: a byte order mark; UTF-16 and UTF-32 by their zero bytes; UTF-8 if the bytes are
nearly all valid UTF-8; the label from the transport; the label inside the document; a guess by the
language. Valid UTF-8 comes before the labels because wrong labels are common, and text in another
encoding is almost never valid UTF-8 by accident. A bad byte costs one replacement character.
"""

import codecs
import re

from charset_normalizer import from_bytes

from newsletter.collect.text.language import detect

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_INNER = re.compile(
    rb"""(?:charset|encoding)\s?=\s?["']?\s?([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE
)
_LANGUAGE = re.compile(rb"""\blang(?:uage)?(?:=["']?|>)\s?([A-Za-z]{2})\b""", re.IGNORECASE)
_ALIASES = {
    "iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252",
    "ascii": "cp1252", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "ksc5601": "cp949",
    "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932", "gb2312": "gb18030",
    "gbk": "gb18030", "big5": "big5hkscs", "iso-8859-9": "cp1254", "windows-31j": "cp932",
    "x-user-defined": "cp1252", "unicode": "utf-16", "utf8": "utf-8",
}  # fmt: skip
# What a language is written in where no one says it, in Windows and before UTF-8.
_OF_LANGUAGE = {
    "pl": "cp1250", "cs": "cp1250", "sk": "cp1250", "hu": "cp1250", "sl": "cp1250", "hr": "cp1250",
    "ro": "cp1250", "ru": "cp1251", "uk": "cp1251", "bg": "cp1251", "sr": "cp1251", "be": "cp1251",
    "el": "cp1253", "tr": "cp1254", "az": "cp1254", "he": "cp1255", "ar": "cp1256", "fa": "cp1256",
    "et": "cp1257", "lv": "cp1257", "lt": "cp1257", "vi": "cp1258", "th": "cp874", "ko": "cp949",
    "ja": "cp932", "zh": "gb18030",
}  # fmt: skip
# Each has capitals where the other has small letters, so that the wrong one is nearly all capitals.
_CYRILLIC = ("cp1251", "koi8-u")
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
_ODD = bytes([*range(9), *range(14, 32)])
HEAD, SAMPLE = 4096, 65536
FEW_ERRORS = 0.02
"""Errors for each character. Text in another encoding has far more of them."""
SPARSE = 0.2
"""Share of letters outside ASCII. In Latin scripts it is lower, in others higher."""


def decode(raw: bytes, declared: str = "") -> tuple[str, str]:
    """Return the text and the name of the encoding used. Never fails."""
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return raw.decode(name, "replace"), name
    if wide := _wide(raw[:HEAD]):
        return raw.decode(wide, "replace"), wide
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _decode_invalid(raw, declared)


def _decode_invalid(raw: bytes, declared: str) -> tuple[str, str]:
    """Decode what is not valid UTF-8: damaged UTF-8, another encoding, or a guess."""
    inner = _INNER.search(raw[:HEAD])
    labels = [_name(declared), _name(inner.group(1).decode("ascii") if inner else "")]
    text = raw.decode("utf-8", "replace")
    if _is_damaged_utf8(raw, text, labels):
        return text, "utf-8"
    for name in filter(None, labels):
        labeled = _decoded(raw, name)
        if labeled is not None:
            return labeled, name
    name = _guess(raw[:SAMPLE])
    return raw.decode(name, "replace"), name


def _name(label: str) -> str:
    name = label.strip().lower()
    name = _ALIASES.get(name, name)
    try:
        b"a".decode(name, "replace")
    except (LookupError, ValueError):
        return ""
    # A document that a label calls UTF-16 and that is not, by its bytes, is not.
    return "" if name.startswith(("utf-16", "utf-32")) else name


def _wide(head: bytes) -> str:
    """Return UTF-16 or UTF-32 without a mark, by where the zero bytes are."""
    if head.count(0) < len(head) // 5:
        return ""
    shares = [head[place::4].count(0) / max(1, len(head) // 4) for place in range(4)]
    full = [share > 0.5 for share in shares]  # noqa: PLR2004 - most of them
    forms = ([False, True, True, True], [True, True, True, False], [False, True, False, True], [True, False, True, False])  # fmt: skip
    return next((name for name, form in zip(_WIDE, forms, strict=True) if full == form), "")


def _is_damaged_utf8(raw: bytes, text: str, labels: list[str]) -> bool:
    """Return whether the bytes are UTF-8 of which some are damaged."""
    errors = text.count("\ufffd") - raw.count(b"\xef\xbf\xbd")
    beyond = sum(char > "\x7f" for char in text[:SAMPLE]) - min(errors, SAMPLE)
    if "utf-8" in labels and not any(name not in {"", "utf-8"} for name in labels):
        return errors <= max(1, beyond, FEW_ERRORS * len(text))
    return beyond > 0 and errors <= max(1, 0.1 * beyond)


def _decoded(raw: bytes, name: str) -> str | None:
    """Decode with a label, unless it is plainly wrong."""
    try:
        return raw.decode(name)
    except UnicodeDecodeError:
        text = raw.decode(name, "replace")
    return text if text.count("\ufffd") <= max(1, FEW_ERRORS * len(text)) else None


def _guess(sample: bytes) -> str:
    """Guess the encoding of a text without a label that is right."""
    stated = _LANGUAGE.search(sample[:HEAD])
    plain = sample.decode("latin-1")
    lang = stated.group(1).decode("ascii").lower() if stated else ""
    letters = [char for char in plain if char.isalpha() or char > "\x7f"]
    beyond = sum(char > "\x7f" for char in letters)
    if beyond <= SPARSE * len(letters):
        # Single letters among ASCII: a language in Latin script, by its commonest words.
        return _OF_LANGUAGE.get(lang or detect(_words(plain)), "cp1252")
    if _OF_LANGUAGE.get(lang) == "cp1251":
        return min(
            _CYRILLIC, key=lambda name: sum(map(str.isupper, sample.decode(name, "replace")))
        )
    if lang in _OF_LANGUAGE and _decoded(sample[:-4], _OF_LANGUAGE[lang]) is not None:
        return _OF_LANGUAGE[lang]
    best = from_bytes(sample).best()
    return best.encoding if best else "cp1252"


def _words(markup: str) -> str:
    return " ".join(part.rpartition(">")[2] for part in markup.split("<") if ">" in part) or markup


def looks_binary(raw: bytes) -> bool:
    """Return whether the bytes are not text (an image, an archive, a PDF)."""
    head = raw[:HEAD]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    if head.startswith(
        (b"%PDF", b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"\x7fELF")
    ):
        return True
    if _wide(head):
        return not any(char.isalpha() for char in head.decode(_wide(head), "replace"))
    odd = len(head) - len(head.translate(None, _ODD))
    return bool(head) and odd / len(head) > 0.05  # noqa: PLR2004 - a stray NUL proves nothing
