"""Import in two steps: review what a file would change, then apply it.

Both open short transactions of their own, one per 5,000 rows.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import islice

import sqlalchemy as sa

from subscribers.errors import ImportInterrupted, ImportRefused, UnclearStatus
from subscribers.journal import Journal
from subscribers.roster.change_set import ChangeSet
from subscribers.roster.chunk import Grounds, apply_rows, collected_rarely, decided, last_row
from subscribers.roster.inboxes import inbox_entry, of_inbox, withheld_from
from subscribers.roster.reading import ListFile
from subscribers.roster.row import ImportRow, RefusedRow, Terms
from subscribers.roster.row_reader import RowReader, lowered, ranks
from subscribers.roster.vocabulary import tells_a_status
from subscribers.store import imports
from subscribers.store.dialects import runs_elsewhere
from subscribers.store.imports import ImportSource
from subscribers.store.seen import Seen, open_seen

CHUNK = 5_000

OnProgress = Callable[[int], None]
Rows = Sequence[ImportRow | RefusedRow]


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

    @property
    def grounds(self) -> Grounds:
        """Return what its rows are decided by."""
        return Grounds(self.terms.topics, self.pepper, self.journal)


def review(
    engine: sa.Engine, job: ImportJob, *, progress: OnProgress = lambda _rows: None
) -> ChangeSet:
    """Return what applying a file would do; nothing is written.

    Raises ImportRefused if the file cannot be read to its end.
    """
    found = ChangeSet(listing=job.listing)
    with chunks(job, found) as read:
        for chunk in read:
            with engine.begin() as connection:
                decided(connection, chunk, job.grounds, found)
            progress(last_row(chunk))
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
    found = ChangeSet(listing=job.listing)
    ahead = _ahead if runs_elsewhere(engine) else nullcontext
    with chunks(job, found) as source, ahead(source) as read:
        with engine.begin() as connection:
            current = imports.begin(connection, source_of(job), actor=actor, now=clock())
        found.id = current.id
        found.counts.update(current.counts)
        for chunk in _interruptible(read, current.id):
            if rest := [row for row in chunk if row.number > current.applied_to]:
                with engine.begin() as connection:
                    current = apply_rows(connection, current, rest, job.grounds, found, clock())
            progress(last_row(chunk))
    with engine.begin() as connection:
        imports.finish(connection, current.id, "applied", actor=actor, now=clock())
        job.record_act(connection, current.id)
    return found


@contextmanager
def chunks(job: ImportJob, found: ChangeSet) -> Iterator[Iterator[Rows]]:
    """Read the file twice: for the lowest status of each address, and for its rows."""
    reader = RowReader(job.terms, job.listing.layout)
    with collected_rarely(), open_seen() as seen:
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
                stated.append((key, 1, *ranks(status)))
                if "+" in key or status.left or status.bounced:
                    stated.extend(of_inbox(key, status))
                found.count(status)
        seen.note(stated)


@contextmanager
def _ahead(source: Iterator[Rows]) -> Iterator[Iterator[Rows]]:
    """Read the next chunk while the database writes the last one."""
    with ThreadPoolExecutor(1, "chunk") as pool:

        def one_after_the_other() -> Iterator[Rows]:
            coming = pool.submit(next, source, ())
            while chunk := coming.result():
                coming = pool.submit(next, source, ())
                yield chunk

        yield one_after_the_other()


def _interruptible(chunks: Iterator[Rows], import_id: int) -> Iterator[Rows]:
    """Say which import is half applied if the file changes while it is read."""
    try:
        yield from chunks
    except ImportRefused as error:
        raise ImportInterrupted(str(error), import_id) from error


def _read(job: ImportJob, reader: RowReader, seen: Seen) -> Iterator[Rows]:
    rows = (reader.read(raw) for raw in job.listing.rows())
    while chunk := list(islice(rows, job.chunk)):
        readable = [(at, row) for at, row in enumerate(chunk) if isinstance(row, ImportRow)]
        keys = [row.address.key for _at, row in readable]
        known = seen.claim([(row.address.key, row.number) for _at, row in readable])
        inboxes = seen.ranks(map(inbox_entry, keys))
        for (at, row), address, inbox in zip(readable, known, inboxes, strict=True):
            if address.claimed_by:
                reason = f"the same address as in row {address.claimed_by}"
                chunk[at] = RefusedRow(row.number, row.address.text, reason)
            else:
                chunk[at] = withheld_from(lowered(row, address), inbox)
        yield chunk


def source_of(job: ImportJob) -> ImportSource:
    """Return what identifies an import: its file, and how it is read."""
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
