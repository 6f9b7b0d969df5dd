"""Import in two steps: review what a file would change, then apply it; and take it back.

Every function opens its own short transactions, one per 5,000 rows.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import islice
from typing import Any

import sqlalchemy as sa

from subscribers.errors import ImportRefused, Unknown
from subscribers.journal import Journal
from subscribers.model import JournalEntry
from subscribers.roster.deciding import Change, Known, decide
from subscribers.roster.reading import ListFile
from subscribers.roster.rows import ImportRow, RefusedRow, RowReader, Terms
from subscribers.roster.writing import entries, restored, take_back, write
from subscribers.store import bulk, erasures, imports, people
from subscribers.store.imports import Import, Origin
from subscribers.store.seen import Seen, open_seen
from subscribers.store.tables import subscribers

CHUNK = 5_000
EXAMPLES = 5
REFUSALS = 20
UNDO_FOR = timedelta(days=30)

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Example:
    """A row to look at: what would become of it, and in which words."""

    row: int
    address: str
    words: str


@dataclass(slots=True)
class ChangeSet:
    """What an import does, counted, with examples; `id` is 0 as long as nothing is applied."""

    listing: ListFile
    id: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Example]] = field(default_factory=dict)

    def add(self, change: Change) -> None:
        """Count one row in."""
        self.counts[change.outcome] += 1
        self.withheld.update(change.withheld)
        kept = self.examples.setdefault(change.outcome, [])
        if len(kept) < (REFUSALS if change.outcome == "refused" else EXAMPLES):
            row = change.row
            kept.append(Example(row.number, row.address.text, words(change)))

    def refuse(self, row: RefusedRow) -> None:
        """Count a row that does not even read."""
        self.counts["refused"] += 1
        kept = self.examples.setdefault("refused", [])
        if len(kept) < REFUSALS:
            kept.append(Example(row.number, row.address[:100], row.reason))


@dataclass(frozen=True, slots=True)
class ImportJob:
    """A file, the terms on which it is read, and the pepper that finds the erased.

    `chunk` is how many rows one transaction takes. Whom it takes back or suppresses is noted in
    `journal` before that commits.
    """

    listing: ListFile
    terms: Terms
    pepper: bytes
    chunk: int = CHUNK
    journal: Journal | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """The journal beside the database, and the pepper of the hashes in it."""

    journal: Journal
    pepper: bytes


@dataclass(frozen=True, slots=True)
class Undone:
    """What undoing an import did; `kept` are the first of those who stayed, each with the reason."""

    removed: int
    restored: int
    unsuppressed: int
    kept_count: int
    kept: tuple[tuple[str, str], ...]


def review(
    engine: sa.Engine, order: ImportJob, *, progress: Progress = lambda _rows: None
) -> ChangeSet:
    """Return what applying a file would do; nothing is written.

    Raises ImportRefused where the file cannot be read to its end.
    """
    found = ChangeSet(order.listing)
    with _chunks(order) as chunks:
        for chunk in chunks:
            with engine.begin() as connection:
                _decided(connection, chunk, order.pepper, found)
            progress(_last(chunk))
    return found


def apply(
    engine: sa.Engine,
    order: ImportJob,
    *,
    actor: str,
    clock: Callable[[], datetime],
    progress: Progress = lambda _rows: None,
) -> ChangeSet:
    """Apply a file; an import of the same file that was cut short goes on where it stopped.

    Raises ImportRefused before anything is written where the file cannot be read to its end.
    """
    found = ChangeSet(order.listing)
    order.listing.check()
    with engine.begin() as connection:
        one = imports.begin(connection, _origin(order), actor=actor, now=clock())
    found.id = one.id
    found.counts.update(one.counts)
    with _chunks(order) as chunks:
        for chunk in _told(chunks, one.id):
            if rest := [row for row in chunk if row.number > one.applied_to]:
                with engine.begin() as connection:
                    one = _apply_chunk(connection, one, rest, order, found, clock())
            progress(_last(chunk))
    with engine.begin() as connection:
        imports.finish(connection, one.id, "applied", actor=actor, now=clock())
    return found


def undo(
    engine: sa.Engine,
    import_id: int,
    *,
    actor: str,
    now: datetime,
    beside: Beside | None = None,
    progress: Progress = lambda _people: None,
) -> Undone:
    """Take an import back within 30 days; people who have acted since are kept and listed.

    Whoever stands again as before is noted in the journal `beside` the database, which has noted
    that they were taken back.
    """
    with engine.begin() as connection:
        one = imports.load(connection, import_id)
    began = _check_undo(one, import_id, now)
    undoing = _Undoing(began, beside, now)
    for step in (_undo_changes, _undo_newcomers):
        after: int | None = 0
        while after is not None:
            with engine.begin() as connection:
                after = step(connection, import_id, after, undoing)
            progress(undoing.removed + undoing.restored)
    with engine.begin() as connection:
        lifted = imports.unsuppress(connection, import_id)
        undoing.note_lifted(lifted)
        imports.finish(connection, import_id, "undone", actor=actor, now=now)
    return Undone(
        undoing.removed, undoing.restored, len(lifted), undoing.kept_count, tuple(undoing.kept)
    )


def words(change: Change) -> str:
    """Say in one line what a change does."""
    if change.outcome == "refused":
        return change.reason
    parts = [
        f"name “{change.name}”" if change.name else "",
        f"language {change.language}" if change.language else "",
        "tags " + ", ".join(tag.name for tag in change.tags) if change.tags else "",
        *(f"{one.newsletter} {one.state.value}" for one in change.subscriptions),
        *(f"{one.newsletter} {one.before.state.value} → unsubscribed" for one in change.lowered),
        f"suppressed: {change.blocked.reason.value}" if change.blocked else "",
        *(f"({word})" for word in change.withheld),
    ]
    return "; ".join(part for part in parts if part)


@contextmanager
def _chunks(order: ImportJob) -> Iterator[Iterator[Sequence[ImportRow | RefusedRow]]]:
    reader = RowReader(order.terms)
    with open_seen() as seen:
        yield _read(order, reader, seen)


def _told(
    chunks: Iterator[Sequence[ImportRow | RefusedRow]], import_id: int
) -> Iterator[Sequence[ImportRow | RefusedRow]]:
    """Say what stands and what to do if a file changes while it is read."""
    try:
        yield from chunks
    except ImportRefused as error:
        msg = (
            f"{error}. What stands above is applied as import {import_id}: mend the file and import"
            f" it again, or take it back with `newsletter subscribers undo {import_id}`"
        )
        raise ImportRefused(msg) from error


def _read(
    order: ImportJob, reader: RowReader, seen: Seen
) -> Iterator[Sequence[ImportRow | RefusedRow]]:
    rows = (reader.read(raw) for raw in order.listing.rows())
    while chunk := list(islice(rows, order.chunk)):
        good = [(at, row) for at, row in enumerate(chunk) if isinstance(row, ImportRow)]
        earlier = seen.earlier([(row.address.key, row.number) for _at, row in good])
        for (at, row), before in zip(good, earlier, strict=True):
            if before is not None:
                reason = f"the same address as in row {before}"
                chunk[at] = RefusedRow(row.number, row.address.text, reason)
        yield chunk


def _decided(
    connection: sa.Connection,
    chunk: Sequence[ImportRow | RefusedRow],
    pepper: bytes,
    found: ChangeSet,
) -> list[Change]:
    rows = [row for row in chunk if isinstance(row, ImportRow)]
    keys = [row.address.key for row in rows]
    known = people.by_keys(connection, keys)
    gone = erasures.kept(connection, keys, pepper)
    blocked = erasures.blocked(gone) | people.suppressed(connection, keys)
    chose = people.acted(connection, [person.id for person in known.values()])
    for row in chunk:
        if isinstance(row, RefusedRow):
            found.refuse(row)
    changes = []
    for row in rows:
        key = row.address.key
        person = known.get(key)
        chosen = person is not None and person.id in chose
        why = gone[key].reason if key in gone else ""
        change = decide(row, Known(person, blocked.get(key), chosen, why))
        found.add(change)
        changes.append(change)
    return changes


def _apply_chunk(
    connection: sa.Connection,
    one: Import,
    chunk: Sequence[ImportRow | RefusedRow],
    order: ImportJob,
    found: ChangeSet,
    now: datetime,
) -> Import:
    bulk.lock(connection, subscribers)
    keys = [row.address.key for row in chunk if isinstance(row, ImportRow)]
    erasures.recognize(connection, keys, order.pepper)
    changes = _decided(connection, chunk, order.pepper, found)
    written = write(connection, one.id, changes, now)
    if not imports.advance(connection, one, _last(chunk), found.counts):
        msg = f"import {one.id} is being applied by another process; nothing was done twice"
        raise ImportRefused(msg)
    moved = imports.load(connection, one.id)
    assert moved is not None  # noqa: S101 - it was advanced in this transaction
    if order.journal is not None:
        order.journal.append(entries(one.id, written, order.pepper, now))
    return moved


def _last(chunk: Sequence[ImportRow | RefusedRow]) -> int:
    return chunk[-1].number


def _origin(order: ImportJob) -> Origin:
    listing, terms = order.listing, order.terms
    layout = listing.layout
    options = {
        "columns": dict(layout.columns),
        "encoding": layout.encoding,
        "delimiter": layout.delimiter,
        "into": list(terms.into),
        "attest": terms.attest,
    }
    digest = sha256(repr(sorted(options.items())).encode())
    with listing.path.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return Origin(listing.name, digest.hexdigest(), layout.format, options)


class _Undoing:
    """What has been taken back so far."""

    def __init__(self, began: datetime, beside: Beside | None, now: datetime) -> None:
        self.began = began
        self._beside = beside
        self._now = now
        self.removed = 0
        self.restored = 0
        self.kept_count = 0
        self.kept: list[tuple[str, str]] = []

    def keep(self, address: str, reason: str) -> None:
        self.kept_count += 1
        if len(self.kept) < REFUSALS:
            self.kept.append((address, reason))

    def note_restored(self, import_id: int, rows: Sequence[Any]) -> None:
        if self._beside is not None:
            noted = restored(import_id, rows, self._beside.pepper, self._now)
            self._beside.journal.append(noted)

    def note_lifted(self, keys: Sequence[str]) -> None:
        if self._beside is not None:
            hashes = (erasures.hashed(key, self._beside.pepper) for key in keys)
            self._beside.journal.append(
                JournalEntry("lifted", self._now, 0, hash_) for hash_ in hashes
            )


def _check_undo(one: Import | None, import_id: int, now: datetime) -> datetime:
    """Return when an import that may be undone began."""
    if one is None:
        msg = f"there is no import {import_id}"
        raise Unknown(msg)
    if one.state == "undone":
        msg = f"import {import_id} is undone already"
        raise ImportRefused(msg)
    if now - (one.applied_at or one.started_at) > UNDO_FOR:
        msg = f"import {import_id} is older than {UNDO_FOR.days} days and stays"
        raise ImportRefused(msg)
    return one.started_at


def _undo_changes(
    connection: sa.Connection, import_id: int, after: int, undoing: _Undoing
) -> int | None:
    rows = imports.changes(connection, import_id, after, CHUNK)
    later = imports.changed_later(connection, import_id, [row.subscriber_id for row in rows])
    back = []
    for row in rows:
        if row.acted_at is not None and row.acted_at > row.at:
            undoing.keep(row.address, "has acted since")
        elif row.subscriber_id in later:
            undoing.keep(row.address, f"changed by import {later[row.subscriber_id]} since")
        else:
            take_back(connection, import_id, row.subscriber_id, row.change)
            undoing.restored += 1
            back.append(row)
    undoing.note_restored(import_id, back)
    return rows[-1].subscriber_id if rows else None


def _undo_newcomers(
    connection: sa.Connection, import_id: int, after: int, undoing: _Undoing
) -> int | None:
    rows = imports.brought(connection, import_id, after, CHUNK)
    later = imports.changed_later(connection, import_id, [row.id for row in rows])
    gone: list[int] = []
    for row in rows:
        if row.acted_at is not None and row.acted_at > undoing.began:
            undoing.keep(row.address, "has acted since")
        elif row.id in later:
            undoing.keep(row.address, f"changed by import {later[row.id]} since")
        else:
            gone.append(row.id)
    people.remove(connection, gone)
    undoing.removed += len(gone)
    return rows[-1].id if rows else None


def recent(connection: sa.Connection) -> list[Import]:
    """Return the latest imports, newest first."""
    return imports.recent(connection)
