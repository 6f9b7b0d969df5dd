"""Text blocks: the common form of text, Markdown and HTML before anything is recognized."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

INVISIBLE = re.compile(r"[\u200b\ufeff]")
BULLET = re.compile(
    r"^\s*(?:(?:[-*+·–—∙]|\(?\d{1,2}[.)])\s+|[•‣▪●◦□■◆◇►▶▸➤➔✓✔☑✅※・○◎]\ufe0f?\s*)(?=\S)"
)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class BlockKind(StrEnum):
    """The form of a block."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A run of text between two boundaries, with its whitespace collapsed.

    `level` is 1 to 6 for headings. Blocks of the same list, or of the same run of lines in a plain
    text, have the same `group`; blocks of the same list item have the same `item`. `depth` counts
    the open lists. `lines` are the parts between forced line breaks. `linked` and `bold` are the
    shares of the text in links and in bold. `zone` names the part of the page (aside, footer).
    """

    kind: BlockKind
    text: str
    level: int = 0
    hints: str = ""
    group: int = 0
    item: int = 0
    depth: int = 0
    lines: tuple[str, ...] = ()
    linked: float = 0.0
    bold: float = 0.0
    zone: str = ""
    when: str = ""
    index: int = -1

    @property
    def words(self) -> int:
        """Count the words; in scripts without spaces, two characters count as a word."""
        return count_words(self.text)


def tidy(text: str) -> str:
    """Collapse every kind of whitespace to one space, and drop control characters."""
    if not text.isascii():
        text = INVISIBLE.sub(" ", text)
    collapsed = " ".join(text.split())
    return collapsed if collapsed.isprintable() else CONTROL.sub("", collapsed)


def unbulleted(text: str) -> str:
    """Remove the bullet, dash or number at the start of `text`."""
    return BULLET.sub("", text, count=1).strip()


def has_bullet(text: str) -> bool:
    """Return whether `text` starts like a list item."""
    return bool(BULLET.match(text))


def count_words(text: str) -> int:
    """Count the words; in scripts without spaces, two characters count as a word."""
    spaced = text.count(" ") + 1 if text else 0
    if text.isascii() or spaced * 15 > len(text):
        return spaced
    return max(spaced, len(text) // 2)


def joined(parts: Iterable[str]) -> str:
    """Join paragraphs as plain text."""
    return "\n\n".join(parts)


def position(blocks: Sequence[TextBlock], wanted: TextBlock | None) -> int:
    """Return the index of `wanted` in `blocks`, or -1."""
    if wanted is None:
        return -1
    return next((at for at, block in enumerate(blocks) if block is wanted), -1)
