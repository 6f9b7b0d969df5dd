"""The blocks between the items, as cards with a form each."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from newsletter.edit.blocks import BlockChange
from newsletter.edit.fields import TextConflict
from newsletter.model import prose
from newsletter.model.issue import Block
from newsletter.model.prose import Prose
from newsletter.web.public.forms import Form

NEW = -1
"""The place of a block that is not in the issue yet."""
EMPTY = Block("", "")
LONGEST_NUMBER = 4


@dataclass(frozen=True, slots=True)
class BlockCard:
    """A block with its form: `entered` is in the fields, `before` what is stored.

    `places` are the items after which it can be put, and `theirs` what someone else has saved.
    """

    place: int
    entered: Block
    before: Mapping[str, str]
    places: tuple[tuple[int, str], ...]
    printed: tuple[Prose, ...]
    theirs: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    opened: bool = False

    @property
    def after(self) -> int:
        """The number of the item after which it is printed now."""
        return int(self.before.get("after", 0))


@dataclass(frozen=True, slots=True)
class UnsavedBlock:
    """A block that an editor entered and that is not saved; `problem` says why.

    Without a problem, they asked to see it as it would be printed.
    """

    place: int
    entered: Block
    conflicts: Sequence[TextConflict] = ()
    problem: str = ""


def block_cards(
    blocks: Sequence[Block], places: Sequence[tuple[int, str]], unsaved: UnsavedBlock | None
) -> tuple[BlockCard, ...]:
    """Return a card for each block of an issue."""
    return tuple(
        _card(place, block, places, unsaved if unsaved and unsaved.place == place else None)
        for place, block in enumerate(blocks)
    )


def new_block(places: Sequence[tuple[int, str]], unsaved: UnsavedBlock | None) -> BlockCard:
    """Return the form for another block."""
    own = unsaved if unsaved and unsaved.place == NEW else None
    return replace(_card(NEW, EMPTY, places, own), before={})


def _card(
    place: int,
    block: Block,
    places: Sequence[tuple[int, str]],
    unsaved: UnsavedBlock | None,
) -> BlockCard:
    entered = unsaved.entered if unsaved else block
    return BlockCard(
        place,
        entered,
        written(block),
        tuple(places),
        prose.parse(entered.text),
        tuple((text.name, text.theirs) for text in unsaved.conflicts) if unsaved else (),
        unsaved.problem if unsaved else "",
        opened=unsaved is not None,
    )


def written(block: Block) -> dict[str, str]:
    """Return a block as the hidden fields of its form."""
    values = asdict(block)
    return {name: str(int(value) if name == "sponsor" else value) for name, value in values.items()}


def read_block(form: Form, place: int) -> BlockChange:
    """Return what a form changes about the block at a place."""
    removed = form.first("act") == "remove"
    seen = "before.heading" in form.fields
    return BlockChange(
        place,
        _block(form, "before.") if seen else None,
        None if removed else _block(form, ""),
    )


def _block(form: Form, prefix: str) -> Block:
    texts = ("heading", "text", "url", "link_text", "image", "image_alt")
    after = form.first(f"{prefix}after")
    valid = after.isascii() and after.isdecimal() and len(after) <= LONGEST_NUMBER
    return replace(
        EMPTY,
        **{name: form.first(f"{prefix}{name}") for name in texts},
        sponsor=form.first(f"{prefix}sponsor") == "1",
        after=int(after) if valid else 0,
    )
