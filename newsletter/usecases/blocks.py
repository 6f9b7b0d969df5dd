"""Add, change and remove the blocks that staff put between the items of an issue."""

from newsletter.edit import run as editing
from newsletter.edit.blocks import BlockChange, BlockConflict, changed_blocks
from newsletter.edit.cleaning import require_short
from newsletter.edit.operations import Draft, SetBlocks
from newsletter.edit.sheet import fingerprint
from newsletter.errors import NotAllowed
from newsletter.model.actor import Actor, Role
from newsletter.usecases.context import Context
from newsletter.usecases.editing import Edited, change
from subscribers.phrase import Phrase

TEXTS = ("heading", "text", "link_text", "image_alt")
"""The texts of a block that are bounded; its addresses are checked whole."""


def save_block(
    context: Context, actor: Actor, issue_id: int, wanted: BlockChange
) -> Edited | BlockConflict:
    """Add, change or remove a block.

    Another editor's change to another part of the block is kept. If both changed the same part, or
    the other one removed the block, nothing is saved and the conflict is returned. Saving the same
    block twice has no effect. Raises NotAllowed if the block cannot be printed whole.
    """
    actor.require(Role.EDITOR)
    block = wanted.after
    if block is not None and not (block.heading or block.text or block.image):
        msg = Phrase("a block needs a heading, a text or an image")
        raise NotAllowed(msg)

    for name in TEXTS if block else ():
        require_short(name, getattr(block, name))

    def attempt(draft: Draft) -> Edited | BlockConflict:
        blocks = changed_blocks(draft.blocks, wanted)
        if isinstance(blocks, BlockConflict):
            return blocks
        return change(context, actor, issue_id, [SetBlocks(blocks)], seen=fingerprint(draft))

    return editing.retried(context.reader, issue_id, attempt)
