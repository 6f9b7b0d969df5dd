"""Cut plain text into blocks: lines, lists and wrapped paragraphs."""

from collections.abc import Iterator
from itertools import groupby

from newsletter.collect.text.blocks import BlockKind, TextBlock, has_bullet, tidy, unbulleted

WRAPPED = 55
"""A line of at least this many characters was broken by a margin, not by its author."""


def text_blocks(text: str) -> list[TextBlock]:
    """Return the blocks of `text`: short lines stay separate, wrapped lines are joined."""
    found: list[TextBlock] = []
    for group, lines in enumerate(_runs(text), 1):
        margin = group > 1 and _has_margin(lines)
        for kind, part in _parts(lines, margin=margin):
            found.append(TextBlock(kind, part, group=group, index=len(found)))
    return found


def _has_margin(lines: list[str]) -> bool:
    """Return whether a margin broke the lines: all but the last have similar lengths."""
    return len(lines) > 1 and all(WRAPPED <= len(line) < 3 * WRAPPED for line in lines[:-1])


def _runs(text: str) -> Iterator[list[str]]:
    """Yield runs of lines without an empty line. A line of spaces or NBSP counts as empty."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for blank, run in groupby(lines, key=lambda line: not tidy(line)):
        if not blank:
            yield list(run)


def _parts(lines: list[str], *, margin: bool) -> Iterator[tuple[BlockKind, str]]:
    """Join lines that a margin broke: wrapped paragraphs and wrapped items."""
    kind, open_text, last = BlockKind.PARAGRAPH, "", ""
    for line in lines:
        item = has_bullet(line) and not _dash_dialogue(line, lines)
        if open_text and not item and (margin or _continues(kind, last, line)):
            open_text = f"{open_text} {tidy(line)}"
        else:
            if open_text:
                yield kind, open_text
            kind = BlockKind.ITEM if item else BlockKind.PARAGRAPH
            open_text = unbulleted(tidy(line)) if item else tidy(line)
        last = line
    if open_text:
        yield kind, open_text


def _continues(kind: BlockKind, last: str, line: str) -> bool:
    if kind is BlockKind.ITEM and line[:1].isspace():
        return True
    return WRAPPED <= len(last) < 3 * WRAPPED and tidy(line)[:1].islower()


def _dash_dialogue(line: str, lines: list[str]) -> bool:
    """Return whether a line is speech (one long line after a dash) and not a list item."""
    return len(lines) == 1 and line.lstrip()[:1] in "–—" and len(line) > 4 * WRAPPED
