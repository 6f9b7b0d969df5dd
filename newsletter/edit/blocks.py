"""Lay an editor's change of a block over the blocks of an issue, which others may have changed."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from newsletter.edit.fields import TextConflict, same_text
from newsletter.model.issue import Block

NAMES = tuple(field.name for field in fields(Block))
IDENTIFYING = ("heading", "text", "url", "image")
"""Texts by which a changed block is known again."""


@dataclass(frozen=True, slots=True)
class BlockChange:
    """A block as an editor saw it at a place (from 0), and as they left it.

    `before` is None for a new block, `after` for one that they removed.
    """

    place: int
    before: Block | None
    after: Block | None


@dataclass(frozen=True, slots=True)
class BlockConflict:
    """Another editor changed `texts` of the block too, or changed or `removed` the block."""

    texts: tuple[TextConflict, ...] = ()
    removed: bool = False


def changed_blocks(
    present: Sequence[Block], wanted: BlockChange
) -> tuple[Block, ...] | BlockConflict:
    """Return the blocks after a change, with what others changed since; or what both changed.

    Making the same change twice has no effect.
    """
    place = _place(present, wanted)
    if wanted.after is None:
        return _without(present, wanted, place)
    if wanted.before is None:
        return tuple(present) if place is not None else (*present, wanted.after)
    if place is None:
        return BlockConflict(removed=True)
    merged = _merged(wanted.before, present[place], wanted.after)
    if not isinstance(merged, Block):
        return BlockConflict(merged)
    return (*present[:place], merged, *present[place + 1 :])


def _without(
    present: Sequence[Block], wanted: BlockChange, place: int | None
) -> tuple[Block, ...] | BlockConflict:
    if place is None and _changed_by_another(present, wanted):
        return BlockConflict()
    return tuple(block for at, block in enumerate(present) if at != place)


def _place(blocks: Sequence[Block], wanted: BlockChange) -> int | None:
    """Return where the block is now: as it was or will be, else what it has become at its place."""
    near = sorted(range(len(blocks)), key=lambda at: abs(at - wanted.place))
    for known in filter(None, (wanted.before, wanted.after)):
        for at in near:
            if all(_same(getattr(blocks[at], name), getattr(known, name)) for name in NAMES):
                return at
    if wanted.after is None or not _changed_by_another(blocks, wanted):
        return None
    return wanted.place


def _changed_by_another(blocks: Sequence[Block], wanted: BlockChange) -> bool:
    """Return whether the block at the place seems to be the one that was seen: they share a text."""
    before = wanted.before
    if before is None or not 0 <= wanted.place < len(blocks):
        return False
    present = blocks[wanted.place]
    return any(
        getattr(before, name) and _same(getattr(present, name), getattr(before, name))
        for name in IDENTIFYING
    )


def _merged(before: Block, theirs: Block, yours: Block) -> Block | tuple[TextConflict, ...]:
    """Return the block with the changes of both editors, or the parts that both changed."""
    merged, conflicts = theirs, list[TextConflict]()
    for name in NAMES:
        was, now, wanted = (getattr(block, name) for block in (before, theirs, yours))
        if _same(was, wanted) or _same(now, wanted):
            continue
        if not _same(was, now):
            conflicts.append(TextConflict(name, str(now), str(wanted)))
        merged = replace(merged, **{name: wanted})
    return tuple(conflicts) or merged


def _same(first: object, second: object) -> bool:
    if isinstance(first, str) and isinstance(second, str):
        return same_text(first, second)
    return first == second
