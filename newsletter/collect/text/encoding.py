"""Decode bytes to text.

The order is: a byte order mark; UTF-8 if the bytes are valid UTF-8; the label from the transport;
the label inside the document; a guess. Valid UTF-8 comes before the labels because wrong labels
are common, and text in another encoding is almost never valid UTF-8 by accident.
"""

import codecs
import re

from charset_normalizer import from_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_INNER = re.compile(
    rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]{2,40})""", re.IGNORECASE
)
_ALIASES = {
    "iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252",
    "ascii": "cp1252", "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "ksc5601": "cp949",
    "shift_jis": "cp932", "shift-jis": "cp932", "x-sjis": "cp932", "gb2312": "gb18030",
    "gbk": "gb18030", "big5": "big5hkscs", "iso-8859-9": "cp1254", "windows-31j": "cp932",
}  # fmt: skip
_ODD = bytes([*range(9), *range(14, 32)])
HEAD, SAMPLE = 4096, 65536


def decode(raw: bytes, declared: str = "") -> tuple[str, str]:
    """Return the text and the name of the encoding used. Never fails."""
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return raw.decode(name, "replace"), name
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError as error:
        if error.start >= len(raw) - 4:
            return raw.decode("utf-8", "replace"), "utf-8"
    inner = _INNER.search(raw[:HEAD])
    labels = (declared, inner.group(1).decode("ascii") if inner else "")
    for label in filter(None, labels):
        name = _ALIASES.get(label.strip().lower(), label.strip().lower())
        try:
            text = raw.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
        return text, name
    best = from_bytes(raw[:SAMPLE]).best()
    name = best.encoding if best else "cp1252"
    return raw.decode(name, "replace"), name


def looks_binary(raw: bytes) -> bool:
    """Return whether the bytes are not text (an image, an archive, a PDF)."""
    head = raw[:HEAD]
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return False
    if head.startswith(
        (b"%PDF", b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"\x7fELF")
    ):
        return True
    odd = len(head) - len(head.translate(None, _ODD))
    return bool(head) and odd / len(head) > 0.05  # noqa: PLR2004 - a stray NUL proves nothing
