"""Find the key points that the author marked. Never generate any."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from newsletter.collect.extracting.labels import names_stop, names_takeaways, plain
from newsletter.collect.text.blocks import BlockKind, TextBlock, count_words, has_bullet, unbulleted

HintsOf = Callable[[TextBlock, int], str]

_BOX = re.compile(
    r"key-?_?\s?(?:take-?aways?|points?|facts|findings|insights|messages|highlights)|take-?aways"
    r"|tl-?;?dr|at-a-glance|article-(?:highlights|summary)|story-highlights|(?:quick|fast)-facts"
    r"|summary-?box|box-?summary|highlights-?box|infobox|callout|box",
    re.IGNORECASE,
)
_CERTAIN_BOX = re.compile(
    r"\bkey-?_?(?:take-?aways?|points)\b|\btake-?aways\b|\bstory-highlights\b", re.IGNORECASE
)
_TRIMMED = re.compile(r"\[\d{1,3}\]")
MOST, FEWEST_WORDS, LONGEST_ITEM = 15, 3, 130
POSSIBLE_WORDS = 5
NEAR = 3


@dataclass(frozen=True, slots=True)
class KeyPoints:
    """The author's list: the printed label, the items, the blocks used and the form."""

    label: str
    items: tuple[str, ...]
    used: frozenset[int]
    how: str


def author_takeaways(blocks: Sequence[TextBlock], hints_of: HintsOf) -> KeyPoints | None:
    """Return the first marked list of key points, or None."""
    possible: KeyPoints | None = None
    for at, block in enumerate(blocks):
        strength, label, lead = _label(block)
        if not strength:
            continue
        points = _points(blocks, at, label, lead, hints_of)
        if points is None or not _convincing(points, strength, blocks, at):
            continue
        if strength == "certain":
            return points
        possible = possible or points
    return possible or _unlabelled_box(blocks, hints_of)


def _label(block: TextBlock) -> tuple[str, str, str]:
    """Return the strength, the label and the text after it in the same block."""
    elsewhere = block.linked > 0.5 and block.kind is not BlockKind.HEADING  # noqa: PLR2004
    if block.kind is BlockKind.ITEM or block.zone in {"footer", "caption"} or elsewhere:
        return "", "", ""
    if strength := names_takeaways(block.text):
        return strength, block.text, ""
    if block.lines and (strength := names_takeaways(block.lines[0])):
        return strength, block.lines[0], "\n".join(block.lines[1:])
    head, colon, rest = block.text.partition(":")
    if (
        colon
        and block.kind is BlockKind.PARAGRAPH
        and names_takeaways(head) == "certain"
        and rest.strip()
    ):
        return "certain", head, rest.strip()
    return "", "", ""


def _points(
    blocks: Sequence[TextBlock], at: int, label: str, lead: str, hints_of: HintsOf
) -> KeyPoints | None:
    """Read what follows a label: lines, a list, dashes or a box."""
    if lead:
        return _made(label, [unbulleted(line) for line in lead.split("\n")], {at}, "lines")
    for after in range(at + 1, min(at + 1 + NEAR, len(blocks))):
        block = blocks[after]
        if block.kind is not BlockKind.ITEM and _ends_search(block):
            break
        if taken := _beginning_at(blocks, at, after, label):
            return taken[0]
    return _box(blocks, at, label, hints_of)


def _ends_search(block: TextBlock) -> bool:
    """Return whether a list can no longer belong to the label."""
    return block.kind is BlockKind.HEADING or block.words > LONGEST_ITEM or names_stop(block.text)


def _beginning_at(
    blocks: Sequence[TextBlock], at: int, after: int, label: str
) -> tuple[KeyPoints | None] | None:
    """Return the points that start with this block; None if none start here."""
    block = blocks[after]
    next_to = after == at + 1
    if block.kind is BlockKind.ITEM and (block.zone == blocks[at].zone or next_to):
        return (_list(blocks, at, after, label),)
    if next_to and _same_run(blocks[at], block):
        return (_run(blocks, at, label),)
    if has_bullet(block.text) or any(map(has_bullet, block.lines)):
        return (_dashes(blocks, at, after, label),)
    if len(block.lines) > 1 and next_to:
        lines = [unbulleted(line) for line in block.lines]
        return (_made(label, lines, {at, after}, "lines"),)
    return None


def _same_run(label: TextBlock, block: TextBlock) -> bool:
    """Return whether two lines of a text are adjacent, without an empty line between them."""
    alone = label.depth == block.depth == 0
    return alone and label.group == block.group != 0 and block.words <= LONGEST_ITEM / 2


def _run(blocks: Sequence[TextBlock], at: int, label: str) -> KeyPoints | None:
    """Read the lines directly below a label in a plain text."""
    group = blocks[at].group
    used = [place for place in range(at, len(blocks)) if blocks[place].group == group]
    return _made(label, [blocks[place].text for place in used[1:]], set(used), "lines")


def _list(blocks: Sequence[TextBlock], at: int, first: int, label: str) -> KeyPoints | None:
    """Read the list that starts at `first`. Nested lists belong to their item."""
    depth, group = blocks[first].depth, blocks[first].group
    items: list[str] = []
    used = {at}
    last_item = -1
    for place in range(first, len(blocks)):
        block = blocks[place]
        if not _in_list(block, depth, group):
            break
        used.add(place)
        if items and (block.depth > depth or block.item == last_item != 0):
            items[-1] = f"{items[-1]} {block.text}"
        elif block.kind is BlockKind.ITEM:
            items.append(unbulleted(block.text))
            last_item = block.item
    return _made(label, items, used, "list", blocks[first:])


def _in_list(block: TextBlock, depth: int, group: int) -> bool:
    """Return whether a block belongs to a list. In plain text, every adjacent item does."""
    if depth == 0:
        return block.kind is BlockKind.ITEM
    return block.depth > depth or (block.depth == depth and block.group == group)


def _dashes(blocks: Sequence[TextBlock], at: int, first: int, label: str) -> KeyPoints | None:
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
    return _made(label, items, used, "dashes")


def _box(blocks: Sequence[TextBlock], at: int, label: str, hints_of: HintsOf) -> KeyPoints | None:
    """Read the short paragraphs of a box or aside whose title is the label."""
    boxed = blocks[at].zone == "aside" or _BOX.search(hints_of(blocks[at], NEAR))
    if not boxed:
        return None
    items: list[str] = []
    used = {at}
    mark = _innermost(hints_of(blocks[at], NEAR))
    for place in range(at + 1, min(at + 1 + MOST, len(blocks))):
        block = blocks[place]
        same_aside = block.zone == blocks[at].zone == "aside"
        same_box = bool(mark) and mark in hints_of(block, NEAR)
        if block.kind is BlockKind.HEADING or not (same_aside or same_box):
            break
        items.append(unbulleted(block.text))
        used.add(place)
    return _made(label, items, used, "box")


def _innermost(hints: str) -> str:
    """Return the class words of the nearest element that is a box."""
    return next((part.strip() for part in hints.split("|") if _BOX.search(part)), "")


def _unlabelled_box(blocks: Sequence[TextBlock], hints_of: HintsOf) -> KeyPoints | None:
    """Read a list whose box has a telling class, although no visible label does."""
    seen: set[int] = set()
    for at, block in enumerate(blocks):
        if block.kind is not BlockKind.ITEM or block.group in seen:
            continue
        seen.add(block.group)
        if _CERTAIN_BOX.search(hints_of(block, NEAR + 1)):
            points = _list(blocks, at, at, "")
            if points and _convincing(points, "possible", blocks, at):
                return points
    return None


def _made(
    label: str, items: Sequence[str], used: set[int], how: str, taken: Sequence[TextBlock] = ()
) -> KeyPoints | None:
    kept = [text for item in items if (text := _TRIMMED.sub("", item).strip())]
    kept = [item for item in kept if plain(item) != plain(label)]
    if not kept or len(kept) > MOST or any(count_words(item) > LONGEST_ITEM for item in kept):
        return None
    first = [block for block in taken[: len(kept)] if block.kind is BlockKind.ITEM]
    if first and sum(block.linked for block in first) / len(first) > 0.6:  # noqa: PLR2004 - mostly links to other pages
        return None
    return KeyPoints(label.strip(" :："), tuple(kept), frozenset(used), how)


def _convincing(points: KeyPoints, strength: str, blocks: Sequence[TextBlock], at: int) -> bool:
    words = [count_words(item) for item in points.items]
    if strength == "certain":
        return sum(words) / len(words) >= FEWEST_WORDS
    labels = [block for block in blocks if plain(block.text) == plain(points.label)]
    early = at <= max(30, len(blocks) // 2) or blocks[at].kind is BlockKind.HEADING
    return (
        len(labels) <= 1
        and early
        and 2 <= len(words) <= 10  # noqa: PLR2004 - a summary, not a catalog
        and sum(words) / len(words) >= POSSIBLE_WORDS
        and 2 * sum(map(_is_sentence, points.items)) >= len(words)
    )


def _is_sentence(text: str) -> bool:
    return (
        text.endswith((".", "!", "?", "。", ".”", '."', "다", "”"))
        or count_words(text) >= 2 * POSSIBLE_WORDS
    )
