"""Read the points below a label, in every form that pages and texts give them."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from newsletter.collect.extracting.labels import names_stop, plain
from newsletter.collect.text.blocks import (
    BlockKind,
    TextBlock,
    count_words,
    has_bullet,
    unbulleted,
)

HintsOf = Callable[[TextBlock, int], str]

BOX = re.compile(
    r"key-?_?\s?(?:take-?aways?|points?|facts|findings|insights|messages|highlights)|take-?aways"
    r"|tl-?;?dr|at-a-glance|article-(?:highlights|summary)|story-highlights|(?:quick|fast)-facts"
    r"|summary-?box|box-?summary|highlights-?box|infobox|callout|box",
    re.IGNORECASE,
)
_FOOTNOTE_MARK = re.compile(r"\[\d{1,3}\]")
MOST, LONGEST_ITEM = 15, 130
NEAR = 3
LONGEST_INTRODUCTION = 25
CELLS = frozenset({"td", "th"})
DESCRIPTIONS = frozenset({"dt", "dd"})


@dataclass(frozen=True, slots=True)
class KeyPoints:
    """The author's list: the printed label, the items, the blocks used and the form."""

    label: str
    items: tuple[str, ...]
    used: frozenset[int]
    how: str


def points_below(
    blocks: Sequence[TextBlock], at: int, label: str, hints_of: HintsOf
) -> KeyPoints | None:
    """Read what follows the label at `at`: lines, a list, a table, dashes or a box."""
    for after in range(at + 1, min(at + 1 + NEAR, len(blocks))):
        block = blocks[after]
        if block.kind is not BlockKind.ITEM and _ends_search(block):
            break
        starts, points = _starting_at(blocks, at, after, label)
        if starts:
            return points
        if block.zone != "caption" and block.words > LONGEST_INTRODUCTION:
            break
    return _box(blocks, at, label, hints_of)


def inline_points(blocks: Sequence[TextBlock], label: str) -> KeyPoints | None:
    """Read the paragraphs that all start with the same label: "Key takeaway: …"."""
    word = plain(label)
    found: list[tuple[int, str]] = []
    for at, block in enumerate(blocks):
        head, colon, rest = block.text.partition(":")
        inline = colon and block.kind is BlockKind.PARAGRAPH and not block.away
        if inline and rest.strip() and plain(head) == word:
            found.append((at, rest.strip()))
    items = [item for _, item in found]
    return made(label, items, {at for at, _ in found}, "lines")


def _ends_search(block: TextBlock) -> bool:
    """Return whether a list can no longer belong to the label."""
    heading = block.kind is BlockKind.HEADING and block.tag not in CELLS
    return heading or block.words > LONGEST_ITEM or names_stop(block.text)


def _starting_at(
    blocks: Sequence[TextBlock], at: int, after: int, label: str
) -> tuple[bool, KeyPoints | None]:
    """Return whether points start with this block, and the points."""
    block, next_to = blocks[after], after == at + 1
    if block.kind is BlockKind.ITEM and (block.zone == blocks[at].zone or next_to):
        return True, read_list(blocks, at, after, label)
    if block.tag in CELLS | DESCRIPTIONS:
        how = "table" if block.tag in CELLS else "list"
        return True, _grouped(blocks, at, after, label, how)
    if next_to and _same_run(blocks[at], block):
        return True, _run(blocks, at, label)
    return _starting_in_text(blocks, at, after, label)


def _starting_in_text(
    blocks: Sequence[TextBlock], at: int, after: int, label: str
) -> tuple[bool, KeyPoints | None]:
    """Return whether paragraphs with dashes or lines start with this block, and the points."""
    block = blocks[after]
    if has_bullet(block.text) or any(map(has_bullet, block.lines)):
        return True, _dashes(blocks, at, after, label)
    if len(block.lines) > 1 and after == at + 1:
        return True, made(label, [unbulleted(line) for line in block.lines], {at, after}, "lines")
    return False, None


def _same_run(label: TextBlock, block: TextBlock) -> bool:
    """Return whether two lines of a text are adjacent, without an empty line between them."""
    alone = label.depth == block.depth == 0
    return alone and label.group == block.group != 0 and block.words <= LONGEST_ITEM / 2


def _run(blocks: Sequence[TextBlock], at: int, label: str) -> KeyPoints | None:
    """Read the lines directly below a label in a plain text."""
    used = {at}
    for place in range(at + 1, min(at + 2 + MOST, len(blocks))):
        if blocks[place].group != blocks[at].group:
            break
        used.add(place)
    return made(label, [blocks[place].text for place in sorted(used)[1:]], used, "lines")


def read_list(blocks: Sequence[TextBlock], at: int, first: int, label: str) -> KeyPoints | None:
    """Read the list that starts at `first`. Nested lists belong to their item."""
    depth, group = blocks[first].depth, blocks[first].group
    items: list[str] = []
    used = {at}
    last_item = -1
    for place in range(first, len(blocks)):
        block = blocks[place]
        if not _in_list(block, depth, group) or len(items) > MOST:
            break
        used.add(place)
        if items and (block.depth > depth or block.item == last_item != 0):
            items[-1] = f"{items[-1]} {block.text}"
        elif block.kind is BlockKind.ITEM:
            items.append(unbulleted(block.text))
            last_item = block.item
    return made(label, items, used, "list", blocks[first : first + MOST])


def _in_list(block: TextBlock, depth: int, group: int) -> bool:
    """Return whether a block belongs to a list. In plain text, every adjacent item does."""
    if depth == 0:
        return block.kind is BlockKind.ITEM
    return block.depth > depth or (block.depth == depth and block.group == group)


def _grouped(
    blocks: Sequence[TextBlock], at: int, first: int, label: str, how: str
) -> KeyPoints | None:
    """Read a table row by row, or a description list term by term."""
    depth, group = blocks[first].depth, blocks[first].group
    rows: dict[int, list[str]] = {}
    terms = 0
    used = {at}
    for place in range(first, len(blocks)):
        block = blocks[place]
        if not _in_list(block, depth, group) or len(rows) > MOST:
            break
        used.add(place)
        terms += block.tag == "dt"
        # Without terms, every description is a point.
        row = -place if block.tag == "dd" and not terms else block.item
        rows.setdefault(row, []).append(block.text)
    return made(label, [_joined(cells) for cells in rows.values()], used, how)


def _joined(cells: Iterable[str]) -> str:
    """Join the cells of a row. A leading number is dropped, a short first cell is a term."""
    texts = [cell for cell in cells if not cell.strip(" .)・•–-").isdecimal()]
    if len(texts) < 2:  # noqa: PLR2004 - nothing to join
        return unbulleted(texts[0]) if texts else ""
    first, rest = texts[0].rstrip(" :："), " ".join(texts[1:])
    ended = first.endswith((".", "!", "?", "。"))
    return f"{first} {rest}" if ended else f"{first}: {rest}"


def _dashes(blocks: Sequence[TextBlock], at: int, first: int, label: str) -> KeyPoints | None:
    """Read paragraphs or lines that start with a dash, a tick or a number."""
    items: list[str] = []
    used = {at}
    for place in range(first, len(blocks)):
        block = blocks[place]
        if block.lines and any(map(has_bullet, block.lines)):
            items.extend(unbulleted(line) for line in block.lines)
        elif has_bullet(block.text):
            items.append(unbulleted(block.text))
        else:
            break
        used.add(place)
    return made(label, items, used, "dashes")


def _box(blocks: Sequence[TextBlock], at: int, label: str, hints_of: HintsOf) -> KeyPoints | None:
    """Read the short paragraphs of a box, an aside or a details element named by the label."""
    box, mark = blocks[at].box, _innermost(hints_of(blocks[at], NEAR))
    if not box and not mark:
        return None
    items: list[str] = []
    used = {at}
    for place in range(at + 1, min(at + 2 + MOST, len(blocks))):
        block = blocks[place]
        same_box = block.box == box if box else mark in hints_of(block, NEAR)
        if block.kind is BlockKind.HEADING or not same_box:
            break
        items.append(unbulleted(block.text))
        used.add(place)
    return made(label, items, used, "box")


def _innermost(hints: str) -> str:
    """Return the class words of the nearest element that is a box."""
    return next((part.strip() for part in hints.split("|") if BOX.search(part)), "")


def made(
    label: str,
    items: Sequence[str],
    used: set[int],
    how: str,
    taken: Sequence[TextBlock] = (),
) -> KeyPoints | None:
    """Return the points, or None if there are none, too many, too long, or mostly links."""
    kept = [text for item in items if (text := _FOOTNOTE_MARK.sub("", item).strip())]
    kept = [item for item in kept if plain(item) != plain(label)]
    if not kept or len(kept) > MOST or any(count_words(item) > LONGEST_ITEM for item in kept):
        return None
    first = [block for block in taken[: len(kept)] if block.kind is BlockKind.ITEM]
    if first and sum(block.linked for block in first) / len(first) > 0.6:  # noqa: PLR2004 - mostly links to other pages
        return None
    return KeyPoints(label.strip(" :："), tuple(kept), frozenset(used), how)
