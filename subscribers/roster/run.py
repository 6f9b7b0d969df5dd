"""Import in two steps: review what a file would change, then apply it.

Both open short transactions of their own, one per 5,000 rows.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from itertools import islice

import sqlalchemy as sa

from subscribers.errors import ImportInterrupted, ImportRefused, UnclearStatus
from subscribers.journal import Journal, record
from subscribers.model import inbox_of
from subscribers.phrase import Phrase
from subscribers.roster.change_set import ChangeSet
from subscribers.roster.deciding import Change, Known, decide
from subscribers.roster.reading import ListFile
from subscribers.roster.row import ImportRow, RefusedRow, Terms
from subscribers.roster.row_reader import RowReader, lowered, ranks
from subscribers.roster.vocabulary import tells_a_status
from subscribers.roster.writing import entries, write
from subscribers.store import erasures, imports, people, tags
from subscribers.store.dialects import lock_table
from subscribers.store.imports import Import, ImportSource
from subscribers.store.seen import Seen, open_seen
from subscribers.store.tables import subscribers

CHUNK = 5_000

OnProgress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class ImportJob:
    """A file, the terms on which it is read, and the pepper that finds erased addresses.

    `chunk` is the number of rows per transaction. Unsubscribes and suppressions are appended to
    `journal` before the transaction commits. `record_act` is called with the number of the import in
    the transaction that ends it.
    """

    listing: ListFile
    terms: Terms
    pepper: bytes
    chunk: int = CHUNK
    journal: Journal | None = None
    record_act: Callable[[sa.Connection, int], None] = lambda _connection, _import_id: None


def review(
    engine: sa.Engine, job: ImportJob, *, progress: OnProgress = lambda _rows: None
) -> ChangeSet:
    """Return what applying a file would do; nothing is written.

    Raises ImportRefused if the file cannot be read to its end.
    """
    found = ChangeSet(job.listing)
    with _chunks(job, found) as chunks:
        for chunk in chunks:
            with engine.begin() as connection:
                _decided(connection, chunk, job, found)
            progress(_last(chunk))
    return found


def apply(
    engine: sa.Engine,
    job: ImportJob,
    *,
    actor: str,
    clock: Callable[[], datetime],
    progress: OnProgress = lambda _rows: None,
) -> ChangeSet:
    """Apply a file; an interrupted import of the same file continues where it stopped.

    Raises ImportRefused before anything is written if the file cannot be read to its end.
    """
    found = ChangeSet(job.listing)
    with _chunks(job, found) as chunks:
        with engine.begin() as connection:
            current = imports.begin(connection, _source(job), actor=actor, now=clock())
        found.id = current.id
        found.counts.update(current.counts)
        for chunk in _interruptible(chunks, current.id):
            if rest := [row for row in chunk if row.number > current.applied_to]:
                with engine.begin() as connection:
                    current = _apply_chunk(connection, current, rest, job, found, clock())
            progress(_last(chunk))
    with engine.begin() as connection:
        imports.finish(connection, current.id, "applied", actor=actor, now=clock())
        job.record_act(connection, current.id)
    return found


@contextmanager
def _chunks(
    job: ImportJob, found: ChangeSet
) -> Iterator[Iterator[Sequence[ImportRow | RefusedRow]]]:
    """Read the file twice: for the lowest status of each address, and for its rows."""
    reader = RowReader(job.terms, job.listing.layout)
    with open_seen() as seen:
        _survey(job, reader, seen, found)
        yield _read(job, reader, seen)


def _survey(job: ImportJob, reader: RowReader, seen: Seen, found: ChangeSet) -> None:
    """Note the status of every row; raise ImportRefused if the file cannot be imported.

    Raises UnclearStatus if a status appears in a column that is not used.
    """
    rows = job.listing.rows()
    while chunk := list(islice(rows, job.chunk)):
        stated = []
        for raw in chunk:
            for header, cell in raw.watched:
                if tells_a_status(cell):
                    raise UnclearStatus(header, (cell,))
            if (known := reader.status(raw)) is not None:
                key, status = known
                stated.append((key, *ranks(status)))
                found.count(status)
        seen.note(stated)


def _interruptible(
    chunks: Iterator[Sequence[ImportRow | RefusedRow]], import_id: int
) -> Iterator[Sequence[ImportRow | RefusedRow]]:
    """Say which import is half applied if the file changes while it is read."""
    try:
        yield from chunks
    except ImportRefused as error:
        raise ImportInterrupted(str(error), import_id) from error


def _read(
    job: ImportJob, reader: RowReader, seen: Seen
) -> Iterator[Sequence[ImportRow | RefusedRow]]:
    rows = (reader.read(raw) for raw in job.listing.rows())
    while chunk := list(islice(rows, job.chunk)):
        readable = [(at, row) for at, row in enumerate(chunk) if isinstance(row, ImportRow)]
        known = seen.claim([(row.address.key, row.number) for _at, row in readable])
        for (at, row), address in zip(readable, known, strict=True):
            if address.claimed_by:
                reason = f"the same address as in row {address.claimed_by}"
                chunk[at] = RefusedRow(row.number, row.address.text, reason)
            else:
                chunk[at] = lowered(row, address)
        yield chunk


def _decided(
    connection: sa.Connection,
    chunk: Sequence[ImportRow | RefusedRow],
    job: ImportJob,
    found: ChangeSet,
) -> list[Change]:
    rows = _with_own_tags(connection, chunk, job.terms, found)
    keys, pepper = [row.address.key for row in rows], job.pepper
    inboxes = {key: bare for key in keys if (bare := inbox_of(key)) != key}
    known = people.by_keys(connection, {*keys, *inboxes.values()})
    hashes = erasures.kept(connection, keys, pepper)
    suppressed = erasures.as_suppressions(hashes) | people.suppressed(connection, keys)
    chose = people.acted(connection, [person.id for person in known.values()])
    for row in chunk:
        if isinstance(row, RefusedRow):
            found.refuse(row)
    changes = []
    for row in rows:
        key = row.address.key
        person = known.get(key)
        chosen = person is not None and person.id in chose
        hash_reason = hashes[key].reason if key in hashes else ""
        inbox = known.get(inboxes.get(key, ""))
        change = decide(row, Known(person, suppressed.get(key), chosen, hash_reason, inbox))
        found.add(change)
        changes.append(change)
    return changes


def _with_own_tags(
    connection: sa.Connection,
    chunk: Sequence[ImportRow | RefusedRow],
    terms: Terms,
    found: ChangeSet,
) -> list[ImportRow]:
    """Return the rows; a tag whose slug belongs to another tag gets a slug of its own."""
    rows = [row for row in chunk if isinstance(row, ImportRow)]
    configured = frozenset(terms.topics.values())
    wanted = {tag: None for row in rows for tag in row.tags if tag not in configured}
    settled = tags.settled(connection, wanted, terms.topics)
    other = {tag: own for tag, own in settled.items() if tag != own}
    if not other:
        return rows
    found.rename((tag.name, own.slug) for tag, own in other.items())
    return [
        replace(row, tags=tuple(other.get(tag, tag) for tag in row.tags))
        if not other.keys().isdisjoint(row.tags)
        else row
        for row in rows
    ]


def _apply_chunk(
    connection: sa.Connection,
    current: Import,
    chunk: Sequence[ImportRow | RefusedRow],
    job: ImportJob,
    found: ChangeSet,
    now: datetime,
) -> Import:
    # A sign-up between the decision and the insert would make the address a duplicate.
    lock_table(connection, subscribers)
    keys = [row.address.key for row in chunk if isinstance(row, ImportRow)]
    erasures.recognize(connection, keys, job.pepper)
    changes = _decided(connection, chunk, job, found)
    written = write(connection, current.id, changes, now)
    if not imports.advance(connection, current, _last(chunk), found.counts):
        msg = Phrase(
            "import {id} is being applied by another process; nothing was done twice", id=current.id
        )
        raise ImportRefused(msg)
    advanced = imports.load(connection, current.id)
    assert advanced is not None  # noqa: S101 - it was advanced in this transaction
    if job.journal is not None:
        lines = entries(current.id, written, job.pepper, now)
        record(connection, job.journal, lines)
    return advanced


def _last(chunk: Sequence[ImportRow | RefusedRow]) -> int:
    return chunk[-1].number


def _source(job: ImportJob) -> ImportSource:
    listing, terms = job.listing, job.terms
    layout = listing.layout
    options = {
        "columns": dict(layout.columns),
        "statuses": [(column.header, column.field.value) for column in layout.statuses],
        "words": {word: str(status) for word, status in layout.words.items()},
        "encoding": layout.encoding,
        "delimiter": layout.delimiter,
        "into": list(terms.into),
        "attest": terms.attest,
    }
    digest = sha256(json.dumps(options, sort_keys=True).encode())
    with listing.path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return ImportSource(listing.name, digest.hexdigest(), layout.format, options)
