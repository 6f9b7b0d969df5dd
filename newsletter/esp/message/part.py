"""One text of a letter, encoded once and filled per recipient."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from newsletter.esp.message.encoding import Base64, EncodedPiece, Encoding, QuotedPrintable
from newsletter.esp.message.holes import Holes


class EncodedText(NamedTuple):
    """The value of Content-Transfer-Encoding, and the text in it, in pieces."""

    encoding: bytes
    pieces: list[bytes]


class TextTemplate:
    """A text with holes, in the transfer encoding that suits the filled text."""

    def __init__(self, text: str, placeholders: Sequence[str]) -> None:
        """Split the text; nothing is encoded before the first recipient."""
        self._holes = Holes.split(text, placeholders)
        self._characters = sum(map(len, self._holes.constants))
        self._extra = sum(map(_extra_bytes, self._holes.constants))
        self._flows: dict[bool, _Flow] = {}
        # A value next to a carriage return, or at the end, could change the line breaks.
        self.divisible = not self._holes.names or (
            "\r" not in text and self._holes.constants[-1] != ""
        )

    def fill(self, replacements: Mapping[str, str]) -> EncodedText:
        """Fill and encode the text. Values must not have line breaks unless it has no holes."""
        values = self._holes.values(replacements)
        joined = "".join(values)
        characters = self._characters + len(joined)
        extra = self._extra + _extra_bytes(joined)
        # One character in three with several bytes: quoted-printable would be longer than base64.
        flow = self._flow(base64=extra * 3 > characters)
        return EncodedText(flow.encoding.name, flow.fill(values))

    def _flow(self, *, base64: bool) -> "_Flow":
        known = self._flows.get(base64)
        if known is None:
            encoding = Base64() if base64 else QuotedPrintable()
            known = self._flows[base64] = _Flow(encoding, self._holes.constants)
        return known


class _Flow:
    """Constant pieces in one encoding, each encoded once per length of the line before it."""

    def __init__(self, encoding: Encoding, constants: Sequence[str]) -> None:
        self.encoding = encoding
        *others, last = (_line_feeds(constant) for constant in constants)
        ended = last if last.endswith("\n") else last + "\n"  # a part ends with a line break
        self._constants = [encoding.prepare(constant) for constant in (*others, ended)]
        self._steps: list[dict[int, EncodedPiece | None]] = [{} for _ in constants]

    def fill(self, values: Sequence[str]) -> list[bytes]:
        """Return the text with these values in its holes, in pieces."""
        encoding = self.encoding
        done: list[bytes] = []
        pending = self._constant(0, b"", done)
        prepared = {value: encoding.prepare(value) for value in set(values)}
        for place, value in enumerate(values, 1):
            if value:
                lines, pending = encoding.run(pending, prepared[value])
                done.append(lines)
            pending = self._constant(place, pending, done)
        done.append(encoding.line(pending))
        return done

    def _constant(self, place: int, pending: bytes, done: list[bytes]) -> bytes:
        """Continue with a constant piece; return what is pending after it."""
        steps, length = self._steps[place], len(pending)
        if length not in steps:
            steps[length] = self.encoding.step(length, self._constants[place])
        step = steps[length]
        if step is None:
            lines, pending = self.encoding.run(pending, self._constants[place])
            done.append(lines)
            return pending
        if step.first is None:
            return pending + step.pending
        done += self.encoding.line(pending + step.first), step.lines
        return step.pending


def _extra_bytes(text: str) -> int:
    """Return how many bytes a text has more than characters."""
    return 0 if text.isascii() else len(text.encode()) - len(text)


def _line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
