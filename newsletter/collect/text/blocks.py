"""The one shape into which text, Markdown and HTML are cut before anything is recognised."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

INVISIBLE = re.compile(r"[\u200b\ufeff]")
BULLET = re.compile(
    r"^\s*(?:(?:[-*+·–—∙]|\(?\d{1,2}[.)])\s+|[•‣▪●◦□■◆◇►▶▸➤➔✓✔☑✅※・○◎]\ufe0f?\s*)(?=\S)"
)
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Kind(StrEnum):
    """What a block is by its form alone."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class Block:
    """A run of text between two boundaries; whitespace is collapsed, words and marks are not.

    `level` is 1 to 6 for headings. `hints` are the class, id, rel and itemprop words of the element
    and the nearest around it. `group` is equal for blocks of one list (items) or of one run of
    lines (text), `item` for the blocks of one list item, `depth` counts the open lists. `lines` are the parts between forced line breaks. `linked` and `bold` are the
    shares of the text inside links and bold. `zone` says where on the page it stands.
    """

    kind: Kind
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
        """Count words; in scripts without spaces, every two characters."""
        return count_words(self.text)


def tidy(text: str) -> str:
    """Collapse every kind of space to one, and drop control characters; touch nothing else."""
    if not text.isascii():
        text = INVISIBLE.sub(" ", text)
    collapsed = " ".join(text.split())
    return collapsed if collapsed.isprintable() else CONTROL.sub("", collapsed)


def unbulleted(text: str) -> str:
    """Return `text` without the bullet, dash or number it begins with."""
    return BULLET.sub("", text, count=1).strip()


def has_bullet(text: str) -> bool:
    """Say whether `text` begins as a list item does."""
    return bool(BULLET.match(text))


def count_words(text: str) -> int:
    """Count words; in scripts without spaces, every two characters."""
    spaced = text.count(" ") + 1 if text else 0
    if text.isascii() or spaced * 15 > len(text):
        return spaced
    return max(spaced, len(text) // 2)


def joined(parts: Iterable[str]) -> str:
    """Join paragraphs as plain text."""
    return "\n\n".join(parts)


def position(blocks: Sequence[Block], wanted: Block | None) -> int:
    """Return where `wanted` stands in `blocks`, or -1."""
    if wanted is None:
        return -1
    return next((at for at, block in enumerate(blocks) if block is wanted), -1)
