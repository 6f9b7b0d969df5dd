"""Decide and write one chunk of an import, in the transaction of the caller."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

import sqlalchemy as sa

from subscribers.errors import ImportRefused
from subscribers.journal import Journal, record
from subscribers.model import Tag
from subscribers.phrase import Phrase
from subscribers.roster.change_set import Outcomes
from subscribers.roster.deciding import Change, Known, decide
from subscribers.roster.inboxes import elsewhere_ended
from subscribers.roster.row import ImportRow, RefusedRow
from subscribers.roster.writing import entries, write
from subscribers.store import erasures, imports, people, tags
from subscribers.store.dialects import lock_table
from subscribers.store.imports import Import
from subscribers.store.inboxes import departures
from subscribers.store.tables import subscribers

RARELY = 100_000
"""Objects between two searches for garbage."""


@contextmanager
def collected_rarely() -> Iterator[None]:
    """Let the garbage collector search less often: a row is many objects, none of them in a cycle.

    The searches took a quarter of the time of an import.
    """
    usual = gc.get_threshold()
    if not 0 < usual[0] < RARELY:  # another import has done so, or there are no searches
        yield
        return
    gc.set_threshold(RARELY, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


@dataclass(frozen=True, slots=True)
class Grounds:
    """What rows are decided by here: the configured topics by slug, and the pepper of the hashes.

    Unsubscribes and suppressions are appended to `journal` before the transaction commits.
    """

    topics: Mapping[str, Tag] = field(repr=False)
    pepper: bytes = field(repr=False)
    journal: Journal | None = None


def decided(
    connection: sa.Connection,
    rows: Sequence[ImportRow | RefusedRow],
    grounds: Grounds,
    found: Outcomes,
) -> list[Change]:
    """Return what to write for rows, and count it; nothing is written."""
    for row in rows:
        if isinstance(row, RefusedRow):
            found.refuse(row)
    readable = _with_own_tags(connection, rows, grounds, found)
    keys, pepper = [row.address.key for row in readable], grounds.pepper
    known = people.by_keys(connection, keys)
    departed = departures(connection, keys, pepper)
    hashes = erasures.kept(connection, keys, pepper)
    suppressed = erasures.as_suppressions(hashes) | people.suppressed(connection, keys)
    chose = people.acted(connection, [person.id for person in known.values()])
    changes = []
    for row in readable:
        key = row.address.key
        person = known.get(key)
        chosen = person is not None and person.id in chose
        hash_reason = hashes[key].reason if key in hashes else ""
        elsewhere = elsewhere_ended(row, departed)
        here = Known(person, suppressed.get(key), chosen, hash_reason, elsewhere)
        change = decide(row, here)
        found.add(change)
        changes.append(change)
    return changes


def apply_rows(
    connection: sa.Connection,
    current: Import,
    rows: Sequence[ImportRow | RefusedRow],
    grounds: Grounds,
    found: Outcomes,
    now: datetime,
) -> Import:
    """Write what rows ask for, and advance their import; return it.

    Raises ImportRefused if another process has advanced it.
    """
    # A sign-up between the decision and the insert would make the address a duplicate.
    lock_table(connection, subscribers)
    keys = [row.address.key for row in rows if isinstance(row, ImportRow)]
    erasures.recognize(connection, keys, grounds.pepper)
    changes = decided(connection, rows, grounds, found)
    written = write(connection, current.id, changes, now)
    furthest = max(current.applied_to, last_row(rows))
    if not imports.advance(connection, current, furthest, found.counts):
        msg = Phrase(
            "import {id} is being applied by another process; nothing was done twice", id=current.id
        )
        raise ImportRefused(msg)
    advanced = imports.load(connection, current.id)
    assert advanced is not None  # noqa: S101 - it was advanced in this transaction
    if grounds.journal is not None:
        lines = entries(current.id, written, grounds.pepper, now)
        record(connection, grounds.journal, lines)
    return advanced


def last_row(rows: Sequence[ImportRow | RefusedRow]) -> int:
    """Return the number of the last row of a chunk."""
    return rows[-1].number


def _with_own_tags(
    connection: sa.Connection,
    chunk: Sequence[ImportRow | RefusedRow],
    grounds: Grounds,
    found: Outcomes,
) -> list[ImportRow]:
    """Return the rows; a tag whose slug belongs to another tag gets a slug of its own."""
    rows = [row for row in chunk if isinstance(row, ImportRow)]
    configured = frozenset(grounds.topics.values())
    distinct = {id(row.tags): row.tags for row in rows}.values()  # rows share them
    wanted = {tag: None for each in distinct for tag in each if tag not in configured}
    settled = tags.settled(connection, wanted, grounds.topics)
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
