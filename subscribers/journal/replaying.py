"""Walk through the journal, and bring a database up to it that may have forgotten parts of it."""

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
"""Longer than any transaction that writes to the journal."""
AT_ONCE = 1_000
"""Entries in one transaction: an import may have appended very many."""

Erasing = Callable[[Erased], None]
"""What is told of everybody who is erased again, to erase them elsewhere too."""


class Replaying:
    """One walk through the journal from `start`, in as many transactions as it takes."""

    def __init__(
        self,
        journal: Journal,
        start: int = 0,
        *,
        pepper: bytes,
        now: datetime,
        erased: Erasing = lambda _: None,
    ) -> None:
        """Read as of `now`, with the pepper of the hashes."""
        self.known = start
        self._journal = journal
        self._now = now
        self._learning = Learning(Later(journal.since(start)), pepper, erased)

    def step(self, connection: sa.Connection, *, settled: bool = True) -> tuple[int, int]:
        """Replay some lines behind `known` bytes; return how many there were, how many were news.

        Ordinarily none is: each entry is there because of a transaction that is in the database.
        After a restore they are what the backup had forgotten. What is younger than SETTLED may
        still be in its transaction: it is left for the next time, unless nobody else is at work.
        """
        lines: Iterator[tuple[int, JournalEntry]] = self._journal.since(self.known)
        if settled:
            lines = takewhile(lambda line: line[1].at <= self._now - SETTLED, lines)
        some = list(islice(lines, AT_ONCE))
        present = people.several(connection, {entry.subscriber_id for _, entry in some})
        news = 0
        for end, entry in some:
            number = entry.subscriber_id
            if self._learning.learn(connection, JournalLine(end, entry, present.get(number))):
                news += 1
                self._record(connection, entry)
                present.pop(number, None)
                present.update(people.several(connection, {number}))
            self.known = end
        return len(some), news

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
    """Bring a restored database up to the whole journal; return how many entries were news."""
    walk, total = Replaying(journal, pepper=pepper, now=now, erased=erased), 0
    while True:
        lines, news = walk.step(connection, settled=False)
        total += news
        if not lines:
            return total
