"""What later lines of the journal reverse, so that replaying an earlier line has no effect."""

from collections.abc import Iterable

from subscribers.model import JournalEntry


class Later:
    """The last line that reverses each act, by act and address or subscriber."""

    def __init__(self, lines: Iterable[tuple[int, JournalEntry]]) -> None:
        """Read all (end of line, entry) pairs to the end of the journal."""
        self.hashes: set[str] = set()
        self._last: dict[tuple[str, ...], int] = {}
        for end, entry in lines:
            self.hashes.add(entry.hash)
            for key in _reversed_by(entry):
                self._last[key] = end

    def back(self, end: int, hash_: str) -> bool:
        """Return whether the owner confirmed an address again after a line."""
        return self._after(end, ("gone", hash_))

    def gone(self, end: int, hash_: str) -> bool:
        """Return whether an address was given up or erased again after a line."""
        return self._after(end, ("back", hash_))

    def lifted(self, end: int, hash_: str) -> bool:
        """Return whether a suppression ended after a line: lifted, or erased with its address."""
        return self._after(end, ("suppressed", hash_))

    def suppressed(self, end: int, hash_: str) -> bool:
        """Return whether an address was suppressed again after a line."""
        return self._after(end, ("lifted", hash_))

    def restored(self, end: int, entry: JournalEntry) -> bool:
        """Return whether the import that ended a subscription was undone after a line."""
        return self._after(end, _unsubscribed(entry))

    def _after(self, end: int, key: tuple[str, ...]) -> bool:
        return self._last.get(key, 0) > end


def _reversed_by(entry: JournalEntry) -> Iterable[tuple[str, ...]]:
    reversed_acts: dict[str, list[tuple[str, ...]]] = {
        "lifted": [("suppressed", entry.hash)],
        "suppressed": [("lifted", entry.hash)],
        "restored": [_unsubscribed(entry)],
        "erased": [("suppressed", entry.hash), ("back", entry.hash)],
        "returned": [("suppressed", entry.hash), ("gone", entry.hash)],
        "moved": [("gone", entry.hash), ("back", entry.reason)],  # the previous hash
    }
    return reversed_acts.get(entry.act, [])


def _unsubscribed(entry: JournalEntry) -> tuple[str, ...]:
    return ("unsubscribed", str(entry.subscriber_id), entry.newsletter, entry.reason)
