"""The journal beside the database: departures, suppressions, erasures.

A database that is restored from a backup has forgotten who left since. This file has not: it is
replayed before anything is sent. It holds ids and keyed hashes, no address.
"""

import json
import os
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from subscribers.model import Entry, Reason, State
from subscribers.store import audit, erasures, people
from subscribers.store.audit import Act
from subscribers.store.people import remove
from subscribers.store.tables import subscribers, subscriptions, suppressions

SETTLED = timedelta(minutes=1)
"""Longer than any transaction that writes to the journal."""
ALL = "*"
"""Stands for every newsletter."""


class Journal:
    """An append-only file, one JSON object a line; each append is on the disk when it returns."""

    def __init__(self, path: Path) -> None:
        """Use a file that need not exist yet."""
        self.path = path

    def append(self, entries: Iterable[Entry]) -> None:
        """Append entries; call it before the transaction commits, so that none is missing."""
        lines = "".join(_line(entry) for entry in entries)
        if not lines:
            return
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, lines.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def entries(self) -> Iterator[Entry]:
        """Yield what was appended; a last line cut short by a crash is skipped."""
        return (entry for _, entry in self.since(0))

    def since(self, start: int) -> Iterator[tuple[int, Entry]]:
        """Yield (where it ends, entry) for what lies behind the first `start` bytes."""
        if not self.path.exists():
            return
        with self.path.open("rb") as stream:
            stream.seek(start if start <= self.path.stat().st_size else 0)
            end = stream.tell()
            for line in stream:
                end += len(line)
                if (entry := _entry(line.decode(errors="replace"))) is not None:
                    yield end, entry


def replay(connection: sa.Connection, journal: Journal, *, pepper: bytes, now: datetime) -> int:
    """Bring a restored database up to the journal; return how many entries changed something."""
    return sum(_replay(connection, entry, pepper, now) for entry in journal.entries())


def catch_up(
    connection: sa.Connection, journal: Journal, start: int, *, pepper: bytes, now: datetime
) -> tuple[int, int]:
    """Replay what the database may have missed since it knew `start` bytes of the journal.

    Return (bytes known now, entries that changed something). Ordinarily nothing changes: each
    entry is there because of a transaction that is in the database. After a restore they are what
    the backup had forgotten. What is younger than SETTLED may still be in its transaction: it is
    left for the next time.
    """
    known, changed = start, 0
    for end, entry in journal.since(start):
        if entry.at > now - SETTLED:
            break
        changed += _replay(connection, entry, pepper, now)
        known = end
    return known, changed


def _replay(connection: sa.Connection, entry: Entry, pepper: bytes, now: datetime) -> bool:
    person = people.load(connection, entry.subscriber_id)
    here = person is not None and erasures.hashed(person.address_key, pepper) == entry.hash
    match entry.act:
        case "left" if here:
            done = _leave(connection, entry)
        case "suppressed" if here and person is not None:
            done = _suppress(connection, person.address_key, entry)
        case "erased":
            done = _erase(connection, entry, here=here)
        case _:
            done = False
    if done:
        audit.record(
            connection,
            Act("journal", f"{entry.act} again", now, entry.subscriber_id, entry.newsletter),
        )
    return done


def _leave(connection: sa.Connection, entry: Entry) -> bool:
    conditions = [
        subscriptions.c.subscriber_id == entry.subscriber_id,
        subscriptions.c.state != State.LEFT,
        subscriptions.c.since <= entry.at,
    ]
    if entry.newsletter != ALL:
        conditions.append(subscriptions.c.newsletter == entry.newsletter)
    left = connection.execute(
        subscriptions.update()
        .where(*conditions)
        .values(state=State.LEFT.value, since=entry.at, reason=entry.reason)
    )
    return left.rowcount > 0


def _suppress(connection: sa.Connection, address_key: str, entry: Entry) -> bool:
    if people.suppressed(connection, [address_key]):
        return False
    connection.execute(
        suppressions.insert().values(
            address_key=address_key, reason=entry.reason, origin="journal", at=entry.at
        )
    )
    return True


def _erase(connection: sa.Connection, entry: Entry, *, here: bool) -> bool:
    erasures.remember(connection, entry.hash, entry.at)
    if not here:
        return False
    key = connection.scalar(
        sa.select(subscribers.c.address_key).where(subscribers.c.id == entry.subscriber_id)
    )
    connection.execute(suppressions.delete().where(suppressions.c.address_key == key))
    remove(connection, [entry.subscriber_id])
    return True


def _line(entry: Entry) -> str:
    content = {
        "act": entry.act,
        "at": entry.at.isoformat(),
        "subscriber": entry.subscriber_id,
        "hash": entry.hash,
        "newsletter": entry.newsletter,
        "reason": entry.reason,
    }
    return json.dumps({name: value for name, value in content.items() if value != ""}) + "\n"


def _entry(line: str) -> Entry | None:
    try:
        content = json.loads(line)
        return Entry(
            act=str(content["act"]),
            at=datetime.fromisoformat(content["at"]),
            subscriber_id=int(content["subscriber"]),
            hash=str(content["hash"]),
            newsletter=str(content.get("newsletter", "")),
            reason=_known(str(content.get("reason", ""))),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _known(reason: str) -> str:
    return reason if reason in set(Reason) else reason[:500]
