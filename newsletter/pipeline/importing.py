"""Apply what staff approved of uploaded lists, chunk by chunk."""

from collections.abc import Iterator

from newsletter.model.actor import MACHINE
from newsletter.pipeline.report import Line, StepName
from newsletter.pipeline.tools import Tools
from newsletter.usecases import importing
from subscribers.model import ImportChunk
from subscribers.roster.latest import waiting


def apply(tools: Tools, key: str = "") -> Iterator[Line]:
    """Apply every chunk that waits, or the one that `key` names; report each import that ends."""
    context = tools.context
    with context.reader.connect() as connection:
        chunks = [ImportChunk.parse(key)] if key else waiting(connection)
    for chunk in chunks:
        done = importing.apply_chunk(context, MACHINE, chunk)
        if done is not None and done.is_last:
            counts = ", ".join(f"{number:,} {what}" for what, number in done.counts.items())
            yield Line(StepName.IMPORTS, f"import {done.import_id}, {done.file}: applied, {counts}")
