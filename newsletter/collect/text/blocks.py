"""Text blocks: the common form of text, Markdown and HTML before anything is recognized."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

_SPACE = re.compile(r"[\u200b\ufeff]")
# What a reader never sees, and what can reorder or rewrite the text around it on a screen or a
# terminal: C0 and C1 controls, soft hyphens, bidirectional controls, annotation marks.
# U+200C and U+200D stay: Persian words and many emoji need them.
_DROPPED = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u200e\u200f\u202a-\u202e\u2060-\u2064"
    r"\u2066-\u2069\ufff9-\ufffb]"
)
_C1 = re.compile(r"[\x80-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\u0e01-\u0e4e]")
LONGEST_WORD, FEW_SPACES = 15, 3
BULLET = re.compile(
    r"^\s*(?:(?:[-*+·–—∙]|\(?\d{1,2}[.)])\s+|[•‣▪●◦□■◆◇►▶▸➤➔✓✔☑✅※・○◎]\ufe0f?\s*"
    r"|[①-⑳⓪❶-❿]\s*|[0-9０-９]{1,2}[．、）]\s*|[０-９]{1,2}[.)]\s*|（[0-9０-９]{1,2}）\s*"
    r"|[一二三四五六七八九十]{1,2}、\s*)(?=\S)"
)


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
    `box` is equal for the blocks of the same aside or details element. `tag` is the innermost
    element that is not inline. `away` marks blocks inside navigation, comments, a cookie banner
    and the like, by the names of the elements around them.
    """

    kind: BlockKind
    text: str
    level: int = 0
    group: int = 0
    item: int = 0
    depth: int = 0
    lines: tuple[str, ...] = ()
    linked: float = 0.0
    bold: float = 0.0
    zone: str = ""
    box: int = 0
    tag: str = ""
    away: bool = False
    index: int = -1

    @property
    def words(self) -> int:
        """Count the words; in scripts without spaces, two characters count as a word."""
        return count_words(self.text)


# Software that takes Windows text for Latin-1 turns quotes, dashes and the euro sign into controls.
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}


def tidy(text: str) -> str:
    """Collapse whitespace, compose accents (NFC), and drop characters that cannot be seen."""
    if text.isascii():
        collapsed = " ".join(text.split())
        return collapsed if collapsed.isprintable() else _DROPPED.sub("", collapsed)
    if _C1.search(text):
        text = text.translate(_WINDOWS)
    collapsed = " ".join(_SPACE.sub(" ", text).split())
    if not collapsed.isprintable():
        collapsed = _SURROGATE.sub("\ufffd", _DROPPED.sub("", collapsed)).strip()
    return unicodedata.normalize("NFC", collapsed)


def unbulleted(text: str) -> str:
    """Remove the bullet, dash or number at the start of `text`."""
    return BULLET.sub("", text, count=1).strip()


def has_bullet(text: str) -> bool:
    """Return whether `text` starts like a list item."""
    return bool(BULLET.match(text))


def count_words(text: str) -> int:
    """Count the words; in scripts without spaces, two characters count as a word."""
    spaced = text.count(" ") + 1 if text else 0
    if text.isascii():
        return spaced
    if spaced * LONGEST_WORD <= len(text):
        return max(spaced, len(text) // 2)
    # A short line in such a script is no longer than a long word in another.
    few = spaced <= FEW_SPACES and 2 * len(_UNSPACED.findall(text)) > len(text)
    return max(spaced, len(text) // 2) if few else spaced


def joined(parts: Iterable[str]) -> str:
    """Join paragraphs as plain text."""
    return "\n\n".join(parts)


def position(blocks: Sequence[TextBlock], wanted: TextBlock | None) -> int:
    """Return the index of `wanted` in `blocks`, or -1."""
    if wanted is None:
        return -1
    return next((at for at, block in enumerate(blocks) if block is wanted), -1)
