"""Take in an uploaded list: choose what its columns mean, and read it on those terms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import BinaryIO

from newsletter.maintenance.uploads import Upload, Uploads
from newsletter.model.actor import Actor, Role
from newsletter.model.publication import Publication
from newsletter.model.vocabulary import topics_by_name
from subscribers.errors import ImportRefused
from subscribers.model import SubscriptionState, SuppressionReason, slug
from subscribers.phrase import Phrase
from subscribers.roster.cells import clean
from subscribers.roster.columns import Choices
from subscribers.roster.reading import ListFile, open_listing, sample_of
from subscribers.roster.row import Terms
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


def receive(actor: Actor, uploads: Uploads, name: str, stream: BinaryIO) -> Upload:
    """Store a list as a private file; raise ImportRefused for a spreadsheet that cannot be read."""
    actor.require(Role.ADMIN)
    return uploads.keep(name, stream)


def choose(actor: Actor, uploads: Uploads, upload: Upload) -> None:
    """Store what was chosen for an upload."""
    actor.require(Role.ADMIN)
    uploads.note(replace(upload, problem=""))


def discard(actor: Actor, uploads: Uploads, upload_id: str) -> None:
    """Delete an upload without applying it."""
    actor.require(Role.ADMIN)
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
        return ListSample(upload, (), (), {}, upload.problem or str(error))
    meanings: dict[str, str] = {}
    try:
        layout = _opened(uploads, upload).layout
        meanings |= {header: meaning for meaning, header in layout.columns.items()}
        meanings |= {column.header: column.field.value for column in layout.statuses}
        problem = upload.problem
    except ImportRefused as error:
        problem = str(error)
    return ListSample(upload, headers, rows[:SHOWN], meanings, problem)


def listing(actor: Actor, uploads: Uploads, upload_id: str) -> ListFile:
    """Return an upload as a list that can be reviewed and applied; raise ImportRefused."""
    actor.require(Role.ADMIN)
    return _opened(uploads, uploads.load(upload_id))


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
