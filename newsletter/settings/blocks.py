"""Read the recurring blocks of a newsletter: events, jobs, a sponsor."""

from newsletter.model.issue import Block
from newsletter.settings import values
from newsletter.settings.reading import Table


def recurring_blocks(table: Table) -> tuple[Block, ...]:
    """Return the blocks that every regular issue begins with, in the order of the file."""
    return tuple(_block(name, entry) for name, entry in table.tables("blocks"))


def _block(name: str, table: Table) -> Block:
    from newsletter.model import prose  # noqa: PLC0415 - Markdown; few configurations have blocks

    block = Block(
        heading=table.text("heading", name),
        text=prose.clean(table.text("text", lines=True)),
        url=table.parsed("link", "", values.page),
        link_text=table.text("link_text"),
        image=table.parsed("image", "", values.image),
        image_alt=table.text("image_alt"),
        sponsor=table.flag("sponsor", default=False),
        after=table.count("after", 0),
    )
    table.finish()
    for problem in prose.problems(block.text):
        table.complain("text", problem)
    return block
