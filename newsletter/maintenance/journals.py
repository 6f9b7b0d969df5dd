"""Apply the journals beside the database to a database that lacks their entries."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from newsletter.errors import NotAllowed
from newsletter.maintenance.erasing import erase_elsewhere
from newsletter.model.next_step import RestoreBackup
from newsletter.store import marks, numbers
from newsletter.store.marks import Mark
from newsletter.store.people import erasure
from subscribers.journal import Journal, Replaying, replay, settled_size
from subscribers.model import Erased

FILE = "departures.jsonl"
"""The journal's file, beside newsletter.toml: unsubscribes and deletions, in keyed hashes."""


@dataclass(frozen=True, slots=True)
class Journals:
    """The journal, and what applying it needs besides a database.

    `host` identifies the machine that the journal is on: each has read its own up to its own mark.
    """

    journal: Journal
    pepper: bytes
    outbox: Path
    now: Callable[[], datetime]
    host: str = ""

    @property
    def name(self) -> str:
        """Return what the marks of this host call its journal."""
        return f"{FILE}@{self.host}" if self.host else FILE


def behind(connection: sa.Connection, journals: Journals) -> bool:
    """Return whether the journal may have entries that this host has not compared yet."""
    return _known(connection, journals) != journals.journal.size


def catch_up(engine: sa.Engine, reader: sa.Engine, journals: Journals) -> int:
    """Apply the entries since the last time; return how many the database lacked.

    A database that lacked any is a copy from before. It would hand out again the numbers that
    links and files have named since, so those are skipped.
    """
    journal, erased = journals.journal, list[Erased]()
    with reader.connect() as connection:
        known = _known(connection, journals)
    if journal.size == known:
        return 0
    walk = Replaying(
        journal,
        known,
        settled_size(engine, journal),
        pepper=journals.pepper,
        now=journals.now(),
        erased=erased.append,
    )
    total, lines = 0, 1
    while lines:
        before = len(erased)
        with engine.begin() as connection:
            lines, news = walk.step(connection)
            if news and not total:
                numbers.skip(connection)
            for person in erased[before:]:
                erasure.erase(connection, person)
            if lines:
                fingerprint = journal.fingerprint(walk.known)
                marks.write(connection, Mark.JOURNAL_READ, walk.known, journals.name)
                marks.write(connection, Mark.JOURNAL_CHECK, fingerprint, journals.name)
        total += news
    _erase_elsewhere(engine, journals, erased)
    return total


def _known(connection: sa.Connection, journals: Journals) -> int:
    """Return the mark of this host; 0 if the journal is not the one that was read up to there."""
    known = marks.read(connection, Mark.JOURNAL_READ, journals.name)
    check = marks.read(connection, Mark.JOURNAL_CHECK, journals.name)
    if check and journals.journal.fingerprint(known) != check:
        return 0
    return known


def replay_all(engine: sa.Engine, journals: Journals) -> int:
    """Apply the whole journal to a restored database; return how many entries it lacked.

    Nothing else may use the database at the same time. Numbers are skipped in any case.
    """
    erased: list[Erased] = []
    with engine.begin() as connection:
        total = replay(
            connection,
            journals.journal,
            pepper=journals.pepper,
            now=journals.now(),
            erased=erased.append,
        )
        for person in erased:
            erasure.erase(connection, person)
        numbers.skip(connection)
    _erase_elsewhere(engine, journals, erased)
    return total


def _erase_elsewhere(engine: sa.Engine, journals: Journals, erased: list[Erased]) -> None:
    for person in erased:
        erase_elsewhere(engine, journals.outbox, person)


def refuse_lost_database(database: Path, journal: Path) -> None:
    """Raise NotAllowed if a database is missing that had been used.

    A new one would know no one who has unsubscribed, and an import would bring them back.
    """
    if journal.exists() and journal.stat().st_size and not database.exists():
        msg = (
            f"the database {database} is missing, but its journal {journal.name} exists. Restore a"
            " backup; to start again without the old subscribers, move the journal away"
        )
        raise NotAllowed(msg, next_step=RestoreBackup())
