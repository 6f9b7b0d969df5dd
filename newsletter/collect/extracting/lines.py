"""Cut plain text into blocks: lines, lists and wrapped paragraphs, without any mark-up."""

from collections.abc import Iterator
from itertools import groupby

from newsletter.collect.text.blocks import Block, Kind, has_bullet, tidy, unbulleted

WRAPPED = 55
"""A line at least this long, followed by another, was broken by a margin and not by its author."""


def text_blocks(text: str) -> list[Block]:
    """Return the blocks of `text`; short lines stay apart, wrapped ones are joined."""
    found: list[Block] = []
    for group, lines in enumerate(_runs(text), 1):
        margin = group > 1 and _has_margin(lines)
        for kind, part in _parts(lines, margin=margin):
            found.append(Block(kind, part, group=group, index=len(found)))
    return found


def _has_margin(lines: list[str]) -> bool:
    """Say whether a margin has broken the lines: all but the last are nearly as long."""
    return len(lines) > 1 and all(WRAPPED <= len(line) < 3 * WRAPPED for line in lines[:-1])


def _runs(text: str) -> Iterator[list[str]]:
    """Yield runs of lines that no empty line divides; a line of spaces or NBSP is empty."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for blank, run in groupby(lines, key=lambda line: not tidy(line)):
        if not blank:
            yield list(run)


def _parts(lines: list[str], *, margin: bool) -> Iterator[tuple[Kind, str]]:
    """Join what a margin has broken: a long line and what follows it, an item and its rest."""
    kind, open_text, last = Kind.PARAGRAPH, "", ""
    for line in lines:
        item = has_bullet(line) and not _dash_dialogue(line, lines)
        if open_text and not item and (margin or _continues(kind, last, line)):
            open_text = f"{open_text} {tidy(line)}"
        else:
            if open_text:
                yield kind, open_text
            kind = Kind.ITEM if item else Kind.PARAGRAPH
            open_text = unbulleted(tidy(line)) if item else tidy(line)
        last = line
    if open_text:
        yield kind, open_text


def _continues(kind: Kind, last: str, line: str) -> bool:
    if kind is Kind.ITEM and line[:1].isspace():
        return True
    return WRAPPED <= len(last) < 3 * WRAPPED and tidy(line)[:1].islower()


def _dash_dialogue(line: str, lines: list[str]) -> bool:
    """Tell speech, a single long line that begins with a dash, from a list."""
    return len(lines) == 1 and line.lstrip()[:1] in "–—" and len(line) > 4 * WRAPPED
