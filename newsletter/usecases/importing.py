"""Take in an uploaded list: choose what its columns mean, review its changes, apply them in chunks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import BinaryIO

import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.maintenance.uploads import Upload, Uploads
from newsletter.model.act import Act, ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.publication import Publication
from newsletter.model.vocabulary import topics_by_name
from newsletter.store import acts
from newsletter.usecases.context import Context
from subscribers.errors import ImportRefused
from subscribers.model import ImportChunk, SubscriptionState, SuppressionReason, slug
from subscribers.phrase import Phrase
from subscribers.roster import staging
from subscribers.roster.cells import clean
from subscribers.roster.change_set import ChangeSet
from subscribers.roster.chunk import Grounds
from subscribers.roster.columns import Choices
from subscribers.roster.reading import ListFile, open_listing, sample_of
from subscribers.roster.row import Terms
from subscribers.roster.run import ImportJob
from subscribers.roster.vocabulary import StatedStatus, fold

SHOWN = 20
"""Rows that are shown to choose what the columns mean."""
IGNORE = "ignore"
"""The choice for a column that is not read."""


@dataclass(frozen=True, slots=True)
class ListSample:
    """The first rows of an upload; `meanings` is what is recognized, by header.

    `problem` says why the list cannot be read as it is.
    """

    upload: Upload
    headers: Sequence[str]
    rows: Sequence[Mapping[str, str]]
    meanings: Mapping[str, str]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ListReview:
    """What a list would change, and the upload with the choices by which it was read."""

    upload: Upload
    changes: ChangeSet


@dataclass(frozen=True, slots=True)
class ChunkApplied:
    """A chunk of an import was applied. `counts` are the rows of the import so far, by outcome."""

    import_id: int
    file: str
    counts: Mapping[str, int]
    is_last: bool


def receive(actor: Actor, uploads: Uploads, name: str, stream: BinaryIO) -> Upload:
    """Store a list as a private file; raise ImportRefused for a spreadsheet that cannot be read."""
    actor.require(Role.ADMIN)
    return uploads.keep(name, stream)


def choose(context: Context, actor: Actor, uploads: Uploads, upload: Upload) -> Upload:
    """Store what was chosen for an upload, and return it; it has to be reviewed again."""
    actor.require(Role.ADMIN)
    chosen = replace(upload, reviewed=0)
    uploads.note(chosen)
    with context.engine.begin() as connection:
        staging.forget(connection, upload.reviewed)
    return chosen


def discard(context: Context, actor: Actor, uploads: Uploads, upload_id: str) -> None:
    """Delete an upload, and what its review kept, without applying it."""
    actor.require(Role.ADMIN)
    reviewed = uploads.load(upload_id).reviewed
    with context.engine.begin() as connection:
        staging.forget(connection, reviewed)
    uploads.delete(upload_id)


def sample(actor: Actor, uploads: Uploads, upload_id: str) -> ListSample:
    """Return the first rows of an upload, and what its columns mean."""
    actor.require(Role.ADMIN)
    upload = uploads.load(upload_id)
    path = uploads.path(upload_id)
    try:
        title, encoding = upload.name, upload.encoding
        headers, rows = sample_of(path, Choices(), encoding=encoding, title=title)
    except (ImportRefused, OSError) as error:
        return ListSample(upload, (), (), {}, str(error))
    meanings: dict[str, str] = {}
    try:
        layout = _opened(uploads, upload).layout
        meanings |= {header: meaning for meaning, header in layout.columns.items()}
        meanings |= {column.header: column.field.value for column in layout.statuses}
        problem = ""
    except ImportRefused as error:
        problem = str(error)
    return ListSample(upload, headers, rows[:SHOWN], meanings, problem)


def review(context: Context, actor: Actor, uploads: Uploads, upload: Upload) -> ListReview:
    """Return what an upload would change, and keep its rows for `approve`.

    Raises ImportRefused for a list that cannot be read, and NotAllowed if someone has chosen
    something else or discarded the upload before the end.
    """
    actor.require(Role.ADMIN)
    now = context.now()
    meant = terms(context.publication, upload.name, now, upload.newsletters, upload.attest)
    try:
        job = ImportJob(_opened(uploads, upload), meant, context.journals.pepper)
        found = staging.review(context.engine, context.reader, job, actor=str(actor), now=now)
    except FileNotFoundError as error:  # discarded while it was read
        raise _changed() from error
    if upload not in uploads.every():
        with context.engine.begin() as connection:
            staging.forget(connection, found.id)
        raise _changed()
    reviewed = replace(upload, reviewed=found.id)
    uploads.note(reviewed)
    return ListReview(reviewed, found)


def approve(context: Context, actor: Actor, uploads: Uploads, upload_id: str, seen: str) -> None:
    """Let the next passes apply an upload as it was reviewed; `seen` is the seal of what was shown.

    The rows are in the database, so any machine can apply them. Raises NotAllowed if the choices
    have changed since the review.
    """
    actor.require(Role.ADMIN)
    upload = uploads.load(upload_id)
    with context.engine.begin() as connection:
        if seen != upload.seal or not staging.approve(
            connection,
            upload.reviewed,
            actor=str(actor),
            now=context.now(),
            record_end=partial(_record_end, context),
        ):
            raise _changed()
    uploads.delete(upload_id)


def _changed() -> NotAllowed:
    msg = Phrase("the choices have changed since you looked; look at the changes again")
    return NotAllowed(msg)


def apply_chunk(context: Context, actor: Actor, chunk: ImportChunk) -> ChunkApplied | None:
    """Apply a chunk of an approved import; None if it was applied before."""
    actor.require(Role.ADMIN)
    journals, topics = context.journals, topics_by_name(context.publication)
    grounds = Grounds(topics, journals.pepper, journals.journal)
    end = partial(_record_end, context)
    with context.engine.begin() as connection:
        done = staging.apply_chunk(connection, chunk, grounds, now=context.now(), record_end=end)
    if done is None:
        return None
    return ChunkApplied(done.id, done.file, done.counts, is_last=done.state == "applied")


def _record_end(context: Context, connection: sa.Connection, import_id: int, actor: str) -> None:
    """Record the end of an import as an act of who approved it."""
    approver, detail = Actor.parse(actor), {"import": import_id}
    acts.record(
        connection, Act(context.now(), approver, ActKind.LIST_IMPORTED, None, detail=detail)
    )


def _opened(uploads: Uploads, upload: Upload) -> ListFile:
    chosen = upload.columns.items()
    choices = Choices(
        mapping={field: header for header, field in chosen if field not in {"", IGNORE}},
        ignored=tuple(header for header, field in chosen if field == IGNORE),
        words=_words(upload.words),
    )
    return open_listing(
        uploads.path(upload.id), choices, encoding=upload.encoding, title=upload.name
    )


def _words(text: str) -> dict[str, StatedStatus]:
    """Read what the words of a status mean: `word=status`, one a line; raise ImportRefused."""
    known: dict[str, StatedStatus] = {
        fold(status.value): status for status in (*SubscriptionState, *SuppressionReason)
    }
    known |= {"subscribed": SubscriptionState.CONFIRMED, "bounced": SuppressionReason.BOUNCE}
    found = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _sign, status = line.partition("=")
        if fold(status) not in known:
            msg = Phrase(
                "“{line}”: expected WORD=STATUS with one of subscribed, pending, unsubscribed, bounced, complaint or manual",
                line=line[:60],
            )
            raise ImportRefused(msg)
        found[fold(word)] = known[fold(status)]
    return found


def terms(
    publication: Publication, file: str, now: datetime, into: Sequence[str], attest: str = ""
) -> Terms:
    """Return what the words of a list mean in this publication.

    `into` are keys of newsletters; if only one is configured, it is meant without being named.
    """
    newsletters = {
        slug(name): newsletter.key
        for newsletter in publication.newsletters
        for name in (newsletter.title, newsletter.key)
    }
    chosen = list(into)
    if not chosen and len(publication.newsletters) == 1:
        chosen = [publication.newsletters[0].key]
    topics = topics_by_name(publication)
    return Terms(file, now, topics, newsletters, tuple(chosen), clean(attest))
