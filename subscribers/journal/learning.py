"""Apply one line of the journal to a database, and report whether it was new."""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa

from subscribers.journal.later import Later
from subscribers.model import (
    BY_IMPORT,
    Erased,
    JournalEntry,
    Subscriber,
    Subscription,
    SubscriptionState,
    Suppression,
    SuppressionReason,
)
from subscribers.store import erasures, people, statuses, traces
from subscribers.store import suppressions as never_mailed
from subscribers.store.tables import subscribers, subscriptions, suppressions

ALL = "*"
"""Means every newsletter."""


@dataclass(frozen=True, slots=True)
class JournalLine:
    """An entry, the byte where it ends, and the subscriber with its ID in this database."""

    end: int
    entry: JournalEntry
    person: Subscriber | None


class Learning:
    """Apply lines in order. An entry is matched by subscriber ID if the hash agrees, else by hash.

    The ID alone is not enough: after a restore it may have been assigned to someone else.
    """

    def __init__(self, later: Later, pepper: bytes, erased: Callable[[Erased], None]) -> None:
        """Apply what nothing in `later` reverses; call `erased` for each subscriber who is erased."""
        self._later = later
        self._pepper = pepper
        self._erased = erased
        self._moved: dict[int, set[str]] = {}
        self._keys: dict[str, dict[str, str]] = {}

    def learn(self, connection: sa.Connection, line: JournalLine) -> bool:
        """Apply one line; return whether it was new."""
        acts = {
            "unsubscribed": self._unsubscribe,
            "suppressed": self._suppress,
            "lifted": self._lift,
            "erased": self._erase,
            "returned": self._return,
            "moved": self._move,
        }
        act = acts.get(line.entry.act)
        return act is not None and act(connection, line)

    def _owner(self, line: JournalLine) -> Subscriber | None:
        """Return the subscriber with the ID of a line, if the ID still belongs to that address."""
        person = line.person
        if person is None:
            return None
        return person if line.entry.hash in self._hashes(person) else None

    def _hashes(self, person: Subscriber) -> set[str]:
        """Return the hash of a subscriber's address, and those that only the journal knows."""
        return self._moved.get(person.id, set()) | {self._hashed(person.address_key)}

    def _hashed(self, key: str) -> str:
        return erasures.hashed(key, self._pepper)

    def _unsubscribe(self, connection: sa.Connection, line: JournalLine) -> bool:
        entry = line.entry
        if self._later.restored(line.end, entry):
            return False
        if line.person is None:
            over = self._later.gone(line.end, entry.hash) or self._later.back(line.end, entry.hash)
            return not over and erasures.remember(
                connection, entry.hash, entry.at, erasures.UNSUBSCRIBED
            )
        person = self._owner(line)
        if person is None or not _end(connection, person, entry):
            return False
        if _by_reader(entry):
            statuses.acted(connection, person.id, entry.at)
        return True

    def _suppress(self, connection: sa.Connection, line: JournalLine) -> bool:
        entry = line.entry
        if entry.reason not in set(SuppressionReason) or self._later.lifted(line.end, entry.hash):
            return False
        key = self._key(connection, line)
        if key is None:
            return erasures.remember(connection, entry.hash, entry.at, entry.reason)
        origin = entry.origin or "journal"
        wanted = Suppression(key, SuppressionReason(entry.reason), origin, "", entry.at)
        return never_mailed.put(connection, wanted) is not None

    def _lift(self, connection: sa.Connection, line: JournalLine) -> bool:
        """Lift a suppression from before the line; a later one stays."""
        entry = line.entry
        if self._later.suppressed(line.end, entry.hash):
            return False
        kept = erasures.load(connection, entry.hash)
        if kept is not None and kept.reason in erasures.SUPPRESSED and kept.at <= entry.at:
            return erasures.forget(connection, entry.hash)
        owner = self._owner(line)
        key = owner.address_key if owner else self._found(connection, suppressions, entry.hash)
        lifted = suppressions.delete().where(
            suppressions.c.address_key == key, suppressions.c.at <= entry.at
        )
        return key is not None and connection.execute(lifted).rowcount > 0

    def _erase(self, connection: sa.Connection, line: JournalLine) -> bool:
        entry = line.entry
        kept = erasures.load(connection, entry.hash)
        if kept is not None and kept.reason == SuppressionReason.ERASED and kept.at >= entry.at:
            return False
        is_new = not self._later.back(line.end, entry.hash) and erasures.remember(
            connection, entry.hash, entry.at
        )
        person, key = self._owner(line), self._key(connection, line)
        if person is None and key is not None:
            person = people.find(connection, key)
            if person is None:
                traces.remove_address(connection, key, entry.hash)
            elif person.created_at > entry.at:
                person = None
        if person is None:
            return is_new
        if (present := self._hashed(person.address_key)) != entry.hash:
            erasures.remember(connection, present, entry.at, erasures.MOVED)
        traces.remove_person(connection, person, entry.hash)
        self._erased(Erased(person.id, person.address))
        return True

    def _return(self, connection: sa.Connection, line: JournalLine) -> bool:
        over = self._later.gone(line.end, line.entry.hash)
        return not over and erasures.forget(connection, line.entry.hash)

    def _move(self, connection: sa.Connection, line: JournalLine) -> bool:
        """Learn that a subscriber has another address, of which only the hash is known."""
        entry, person = line.entry, line.person
        is_new = self._return(connection, line)
        if person is not None and entry.reason in self._hashes(person):
            self._moved.setdefault(person.id, set()).add(entry.hash)
            return is_new
        if person is not None and self._owner(line) is None:
            return is_new
        back = self._later.back(line.end, entry.reason)
        moved = (entry.reason, entry.at, erasures.MOVED)
        return (not back and erasures.remember(connection, *moved)) or is_new

    def _key(self, connection: sa.Connection, line: JournalLine) -> str | None:
        """Return the address of a line, if this database contains it."""
        owner = self._owner(line)
        if owner is not None:
            return owner.address_key
        known = self._found(connection, suppressions, line.entry.hash)
        return known or self._found(connection, subscribers, line.entry.hash)

    def _found(self, connection: sa.Connection, table: sa.Table, hash_: str) -> str | None:
        """Return the address with a hash: every address of a table is hashed once to find it."""
        if table.name not in self._keys:
            keys = connection.scalars(sa.select(table.c.address_key))
            hashed = ((self._hashed(key), key) for key in keys)
            wanted = self._later.hashes
            self._keys[table.name] = {found: key for found, key in hashed if found in wanted}
        return self._keys[table.name].get(hash_)


def _by_reader(entry: JournalEntry) -> bool:
    return not entry.reason.startswith(BY_IMPORT)


def _end(connection: sa.Connection, person: Subscriber, entry: JournalEntry) -> bool:
    """End the subscriptions of a line that have not ended in this database."""
    newsletters = [
        subscription.newsletter
        for subscription in person.subscriptions
        if _ends(subscription, entry)
    ]
    if not newsletters:
        return False
    ended = connection.execute(
        subscriptions.update()
        .where(
            subscriptions.c.subscriber_id == person.id,
            subscriptions.c.newsletter.in_(newsletters),
            subscriptions.c.since <= entry.at,
        )
        .values(state=SubscriptionState.UNSUBSCRIBED.value, since=entry.at, reason=entry.reason)
    )
    return ended.rowcount > 0


def _ends(subscription: Subscription, entry: JournalEntry) -> bool:
    """Return whether a line ends a subscription; the subscriber's own act outranks an import's."""
    if entry.newsletter not in {ALL, subscription.newsletter} or subscription.since > entry.at:
        return False
    ended = subscription.state is SubscriptionState.UNSUBSCRIBED
    return not ended or (subscription.ended_by_import and _by_reader(entry))
