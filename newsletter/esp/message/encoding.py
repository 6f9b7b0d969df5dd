"""Transfer encodings (RFC 2045) that can continue in the middle of a text.

What follows in a text depends on what came before it only through the line that is not yet
complete: the pending line. Both encodings give the same bytes as the standard library's
`email.quoprimime` and `base64mime` with 76 characters per line.
"""

import binascii
import re
from typing import NamedTuple, Protocol

QP_LINE = 76
"""The longest line of quoted-printable text (RFC 2045, 6.7)."""
BASE64_ROW = 57
"""Bytes that fill one line of base64: 76 characters."""
_SAFE = re.compile(rb"[ -<>-~\t\n]*")
_ESCAPES = [
    bytes([code]) if _SAFE.fullmatch(bytes([code])) else b"=%02X" % code for code in range(256)
]


class EncodedPiece(NamedTuple):
    """What a piece of text becomes after a pending line of a certain length.

    `first` completes the pending line, `lines` follow it, and `pending` starts the next line. If
    the piece does not complete the pending line, `first` is None and `pending` continues it.
    """

    first: bytes | None
    lines: bytes
    pending: bytes


class Encoding(Protocol):
    """A transfer encoding, applied piece by piece."""

    @property
    def name(self) -> bytes:
        """Return the value of Content-Transfer-Encoding."""

    def prepare(self, text: str) -> bytes:
        """Return text in the form that is split into lines."""

    def step(self, length: int, piece: bytes) -> EncodedPiece | None:
        """Continue a pending line of this length, or return None if its content matters."""

    def run(self, pending: bytes, piece: bytes) -> tuple[bytes, bytes]:
        """Continue a pending line; return the complete lines and what is pending now."""

    def line(self, content: bytes) -> bytes:
        """Encode a line: the pending one with `EncodedPiece.first`, or the last one."""


class QuotedPrintable:
    """Quoted-printable, for text that is mostly ASCII."""

    name = b"quoted-printable"

    def prepare(self, text: str) -> bytes:
        """Escape everything but printable ASCII, tabs and line breaks."""
        raw = text.encode()
        return raw if _SAFE.fullmatch(raw) else b"".join([_ESCAPES[code] for code in raw])

    def step(self, length: int, piece: bytes) -> EncodedPiece | None:
        """Return None if the break may hit a pending escape, or the end pending white space."""
        if length > QP_LINE - 4 or piece[:1] == b"\n":
            return None
        done, pending = self.run(b"x" * length, piece)
        if not done:
            return EncodedPiece(None, b"", pending[length:])
        return EncodedPiece(done[length:], b"", pending)

    def run(self, pending: bytes, piece: bytes) -> tuple[bytes, bytes]:
        """Break lines that are too long, and finish those that the text ends."""
        if len(pending) + len(piece) <= QP_LINE and b"\n" not in piece:
            return b"", pending + piece
        done: list[bytes] = []
        first, *others = piece.split(b"\n")
        line = pending + first
        for following in others:
            _finish(line, done)
            line = following
        line = _break(line, done)
        return b"".join(done), line

    def line(self, content: bytes) -> bytes:
        """Return the line, which is encoded already."""
        return content


class Base64:
    """Base64, for text that is mostly not ASCII."""

    name = b"base64"

    def prepare(self, text: str) -> bytes:
        """Return the text as UTF-8 with the line breaks of email."""
        return text.encode().replace(b"\n", b"\r\n")

    def step(self, length: int, piece: bytes) -> EncodedPiece:
        """Cut rows of equal length; the content of the pending row does not matter."""
        missing = BASE64_ROW - length
        if len(piece) < missing:
            return EncodedPiece(None, b"", piece)
        whole = missing + (len(piece) - missing) // BASE64_ROW * BASE64_ROW
        rows = range(missing, whole, BASE64_ROW)
        lines = b"".join([self.line(piece[start : start + BASE64_ROW]) for start in rows])
        return EncodedPiece(piece[:missing], lines, piece[whole:])

    def run(self, pending: bytes, piece: bytes) -> tuple[bytes, bytes]:
        """Encode the rows that are complete."""
        first, lines, rest = self.step(len(pending), piece)
        if first is None:
            return b"", pending + rest
        return self.line(pending + first) + lines, rest

    def line(self, content: bytes) -> bytes:
        """Encode one row."""
        return binascii.b2a_base64(content, newline=False) + b"\r\n" if content else b""


def _break(line: bytes, done: list[bytes]) -> bytes:
    """Add the soft-broken parts of a line that is too long; return its rest."""
    start = 0
    while len(line) - start > QP_LINE:
        stop = start + QP_LINE - 1
        # Never break inside "=XX"; move the break before it.
        if line[stop - 2] == ord("="):
            stop -= 2
        elif line[stop - 1] == ord("="):
            stop -= 1
        done.append(line[start:stop] + b"=\r\n")
        start = stop
    return line[start:]


def _finish(line: bytes, done: list[bytes]) -> None:
    """Add a whole line with its line break. White space at its end must be encoded."""
    rest = _break(line, done)
    if rest[-1:] in {b" ", b"\t"}:
        escape = b"=%02X" % rest[-1]
        room = QP_LINE + 1 - len(rest)
        if room >= len(escape):
            rest = rest[:-1] + escape
        elif room == len(escape) - 1:
            rest += b"=\r\n"
        else:
            rest = rest[:-1] + b"=\r\n" + escape
    done.append(rest + b"\r\n")
