"""Replay the journal into a database that may lack parts of it."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import islice, takewhile

import sqlalchemy as sa

from subscribers.journal.file import Journal
from subscribers.journal.later import Later
from subscribers.journal.learning import JournalLine, Learning
from subscribers.model import Erased, JournalEntry
from subscribers.store import audit, dialects, people
from subscribers.store.audit import AuditEntry

AT_ONCE = 1_000
"""Entries per transaction: one import may have appended a million."""

Erasing = Callable[[Erased], None]
"""Called for each subscriber who is erased again, to erase them elsewhere too."""


class Replaying:
    """One pass over the journal from `start` to `end`, in as many transactions as necessary.

    The transactions of the lines before `end` must be over: `settled_size` returns such an end.
    """

    def __init__(
        self,
        journal: Journal,
        start: int,
        end: int,
        *,
        pepper: bytes,
        now: datetime,
        erased: Erasing = lambda _: None,
    ) -> None:
        """Read as of `now`; `pepper` is the key of the hashes."""
        self.known = start
        self._end = end
        self._journal = journal
        self._now = now
        self._learning = Learning(Later(journal.since(start)), pepper, erased)

    def step(self, connection: sa.Connection) -> tuple[int, int]:
        """Replay some lines after `known` bytes; return how many were read and how many were new.

        Ordinarily none is new: an entry belongs to a transaction that is in the database. After a
        restore, the new ones are what the backup lacks.
        """
        lines = takewhile(lambda line: line[0] <= self._end, self._journal.since(self.known))
        lines_read = list(islice(lines, AT_ONCE))
        present = people.several(connection, {entry.subscriber_id for _, entry in lines_read})
        new = 0
        for end, entry in lines_read:
            number = entry.subscriber_id
            if self._learning.learn(connection, JournalLine(end, entry, present.get(number))):
                new += 1
                self._record(connection, entry)
                present.pop(number, None)
                present.update(people.several(connection, {number}))
            self.known = end
        return len(lines_read), new

    def _record(self, connection: sa.Connection, entry: JournalEntry) -> None:
        number, act = entry.subscriber_id or None, f"{entry.act} again"
        audit.record(connection, AuditEntry("journal", act, self._now, number, entry.newsletter))


def record(connection: sa.Connection, journal: Journal, entries: Iterable[JournalEntry]) -> None:
    """Append the entries of a transaction, as its last step before the commit."""
    dialects.share_journal(connection)
    journal.append(entries)


def settled_size(engine: sa.Engine, journal: Journal) -> int:
    """Return the size of the journal, once every transaction that wrote up to there is over.

    A line before it that a database lacks was lost by a restore, however young the line is.
    """
    size = journal.size
    with engine.begin() as connection:
        dialects.await_journal(connection)
    return size


def replay(
    connection: sa.Connection,
    journal: Journal,
    *,
    pepper: bytes,
    now: datetime,
    erased: Erasing = lambda _: None,
) -> int:
    """Replay the whole journal into a restored database; return how many entries were new.

    Nothing else may use the database at the same time.
    """
    replaying = Replaying(journal, 0, journal.size, pepper=pepper, now=now, erased=erased)
    total = 0
    while True:
        lines, new = replaying.step(connection)
        total += new
        if not lines:
            return total
