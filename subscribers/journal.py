"""The journal beside the database: departures, suppressions, erasures.

A database that is restored from a backup has forgotten who left since. This file has not: it is
replayed before anything is sent. It holds ids and keyed hashes, no address.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from subscribers.model import Entry, Erased, Reason, State, Subscriber
from subscribers.store import audit, erasures, people
from subscribers.store.audit import Act
from subscribers.store.people import remove
from subscribers.store.tables import audit as audit_table
from subscribers.store.tables import subscriptions, suppressions

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
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, ("\n" * torn + lines).encode())
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


Erasing = Callable[[Erased], None]
"""What is told of everybody who is erased again, to erase them elsewhere too."""


def replay(
    connection: sa.Connection,
    journal: Journal,
    *,
    pepper: bytes,
    now: datetime,
    erased: Erasing = lambda _: None,
) -> int:
    """Bring a restored database up to the journal; return how many entries changed something."""
    known = _Database(connection, pepper, now, erased)
    return sum(known.learn(entry) for entry in journal.entries())


def catch_up(
    connection: sa.Connection,
    journal: Journal,
    start: int,
    *,
    pepper: bytes,
    now: datetime,
    erased: Erasing = lambda _: None,
) -> tuple[int, int]:
    """Replay what the database may have missed since it knew `start` bytes of the journal.

    Return (bytes known now, entries that changed something). Ordinarily nothing changes: each
    entry is there because of a transaction that is in the database. After a restore they are what
    the backup had forgotten. What is younger than SETTLED may still be in its transaction: it is
    left for the next time.
    """
    database = _Database(connection, pepper, now, erased)
    known, changed = start, 0
    for end, entry in journal.since(start):
        if entry.at > now - SETTLED:
            break
        changed += database.learn(entry)
        known = end
    return known, changed


@dataclass(frozen=True, slots=True)
class _Database:
    """A database that may have forgotten what the journal remembers."""

    connection: sa.Connection
    pepper: bytes
    now: datetime
    erased: Erasing
    moved: dict[int, set[str]] = field(default_factory=dict)
    """By person, the hashes of addresses that this database does not know they have taken."""

    def learn(self, entry: Entry) -> bool:
        """Apply one entry; return whether the database lacked it."""
        done = self._apply(entry)
        if done:
            audit.record(
                self.connection,
                Act(
                    "journal", f"{entry.act} again", self.now, entry.subscriber_id, entry.newsletter
                ),
            )
        return done

    def _apply(self, entry: Entry) -> bool:
        """Apply an entry to the person it speaks of, if the number still is that person's."""
        if entry.act == "erased":
            erasures.remember(self.connection, entry.hash, entry.at)
        elif entry.act == "returned":
            erasures.forget(self.connection, entry.hash)
        person = people.load(self.connection, entry.subscriber_id)
        if person is None:
            return False
        own = self.moved.setdefault(person.id, set())
        own.add(erasures.hashed(person.address_key, self.pepper))
        if entry.act == "moved" and entry.reason in own:
            own.add(entry.hash)
        if entry.hash not in own:
            return False
        acts = {"left": _leave, "suppressed": _suppress, "lifted": _lift, "erased": _erase}
        done = entry.act in acts and acts[entry.act](self.connection, person, entry)
        if done and entry.act == "erased":
            self.erased(Erased(person.id, person.address))
        return done


def _leave(connection: sa.Connection, person: Subscriber, entry: Entry) -> bool:
    conditions = [
        subscriptions.c.subscriber_id == person.id,
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


def _suppress(connection: sa.Connection, person: Subscriber, entry: Entry) -> bool:
    if person.suppressed is not None:
        return False
    connection.execute(
        suppressions.insert().values(
            address_key=person.address_key, reason=entry.reason, origin="journal", at=entry.at
        )
    )
    return True


def _lift(connection: sa.Connection, person: Subscriber, entry: Entry) -> bool:
    """Lift what was suppressed before; what was suppressed again since stays."""
    if person.suppressed is None or person.suppressed.at > entry.at:
        return False
    chosen = suppressions.c.address_key == person.address_key
    connection.execute(suppressions.delete().where(chosen))
    return True


def _erase(connection: sa.Connection, person: Subscriber, entry: Entry) -> bool:
    del entry
    chosen = suppressions.c.address_key == person.address_key
    connection.execute(suppressions.delete().where(chosen))
    remove(connection, [person.id])
    connection.execute(
        audit_table.update().where(audit_table.c.subscriber_id == person.id).values(detail={})
    )
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
