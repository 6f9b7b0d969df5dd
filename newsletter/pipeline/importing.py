"""Apply what staff approved of uploaded lists, chunk by chunk."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter

import sqlalchemy as sa
import structlog

from newsletter.errors import NewsletterError
from newsletter.model.actor import MACHINE
from newsletter.model.next_step import UndoImport
from newsletter.pipeline.report import Level, Line, StepName, described
from newsletter.pipeline.tools import Tools
from newsletter.store.database import is_busy
from newsletter.usecases import importing, sending
from newsletter.usecases.context import Context
from newsletter.usecases.sending import SendingHeld
from subscribers.errors import SubscribersError
from subscribers.model import ImportChunk
from subscribers.roster.latest import waiting

log = structlog.get_logger()


def apply(tools: Tools, key: str = "") -> Iterator[Line]:
    """Apply every chunk that waits, or the one that `key` names; report each import that ends.

    An import that fails is reported and left to the next pass; the others go on.
    """
    context = tools.context
    try:
        sending.require_released(context)
    except SendingHeld as error:
        yield Line(StepName.IMPORTS, f"approved lists wait; {error}", Level.WAITS, error.next_step)
        return
    with context.reader.connect() as connection:
        chunks = [ImportChunk.parse(key)] if key else waiting(connection)
    for import_id, of_one in groupby(chunks, attrgetter("import_id")):
        try:
            yield from _applied(context, of_one)
        except (NewsletterError, SubscribersError, OSError, sa.exc.DBAPIError) as error:
            if isinstance(error, sa.exc.DBAPIError) and is_busy(error):
                raise
            yield _failure(import_id, described(error)[0])
        except Exception:  # one broken chunk must not stop the other imports
            log.exception("import broke", number=import_id)
            yield _failure(import_id, "unexpected error; the log has the details")


def _applied(context: Context, chunks: Iterable[ImportChunk]) -> Iterator[Line]:
    """Apply chunks of one import until the process is told to stop."""
    for chunk in chunks:
        if context.courier.stopped():
            return
        done = importing.apply_chunk(context, MACHINE, chunk)
        if done is not None and done.is_last:
            counts = ", ".join(f"{number:,} {what}" for what, number in done.counts.items())
            yield Line(StepName.IMPORTS, f"import {done.import_id}, {done.file}: applied, {counts}")


def _failure(import_id: int, what: str) -> Line:
    message = f"import {import_id}: {what}; undo it, or remove the cause and the next pass goes on"
    return Line(StepName.IMPORTS, message, Level.FAILED, UndoImport(import_id))
