"""Replay the journal into a database that may lack parts of it."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice, takewhile

import sqlalchemy as sa

from subscribers.journal.file import Journal
from subscribers.journal.later import Later
from subscribers.journal.learning import JournalLine, Learning
from subscribers.model import Erased, JournalEntry
from subscribers.store import audit, people
from subscribers.store.audit import AuditEntry

SETTLED = timedelta(minutes=1)
"""Longer than any transaction that appends to the journal."""
AT_ONCE = 1_000
"""Entries per transaction: one import may have appended a million."""

Erasing = Callable[[Erased], None]
"""Called for each subscriber who is erased again, to erase them elsewhere too."""


class Replaying:
    """One pass over the journal from `start`, in as many transactions as necessary."""

    def __init__(
        self,
        journal: Journal,
        start: int = 0,
        *,
        pepper: bytes,
        now: datetime,
        erased: Erasing = lambda _: None,
    ) -> None:
        """Read as of `now`; `pepper` is the key of the hashes."""
        self.known = start
        self._journal = journal
        self._now = now
        self._learning = Learning(Later(journal.since(start)), pepper, erased)

    def step(self, connection: sa.Connection, *, settled: bool = True) -> tuple[int, int]:
        """Replay some lines after `known` bytes; return how many were read and how many were new.

        Ordinarily none is new: an entry belongs to a transaction that is in the database. After a
        restore, the new ones are what the backup lacks. The transaction of an entry younger than
        SETTLED may still be open: it is left for the next pass, unless `settled` is False because
        nothing else is running.
        """
        lines: Iterator[tuple[int, JournalEntry]] = self._journal.since(self.known)
        if settled:
            lines = takewhile(lambda line: line[1].at <= self._now - SETTLED, lines)
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


def replay(
    connection: sa.Connection,
    journal: Journal,
    *,
    pepper: bytes,
    now: datetime,
    erased: Erasing = lambda _: None,
) -> int:
    """Replay the whole journal into a restored database; return how many entries were new."""
    replaying, total = Replaying(journal, pepper=pepper, now=now, erased=erased), 0
    while True:
        lines, new = replaying.step(connection, settled=False)
        total += new
        if not lines:
            return total
