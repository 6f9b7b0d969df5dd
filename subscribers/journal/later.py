"""What a later line of the journal takes back: replaying an earlier one must not bring it up again."""

from collections.abc import Iterable

from subscribers.model import JournalEntry


class Later:
    """The last lines that take something back, by what they take back and whose it is."""

    def __init__(self, lines: Iterable[tuple[int, JournalEntry]]) -> None:
        """Read (where it ends, entry) to the end of the journal."""
        self.hashes: set[str] = set()
        self._last: dict[tuple[str, ...], int] = {}
        for end, entry in lines:
            self.hashes.add(entry.hash)
            for key in _takes_back(entry):
                self._last[key] = end

    def back(self, end: int, hash_: str) -> bool:
        """Tell whether the owner of an address let it in again after a line."""
        return self._after(end, ("gone", hash_))

    def gone(self, end: int, hash_: str) -> bool:
        """Tell whether an address was given up or erased again after a line."""
        return self._after(end, ("back", hash_))

    def mailable(self, end: int, hash_: str) -> bool:
        """Tell whether a suppression was over after a line: lifted, or erased with its address."""
        return self._after(end, ("suppressed", hash_))

    def suppressed(self, end: int, hash_: str) -> bool:
        """Tell whether an address was suppressed again after a line."""
        return self._after(end, ("lifted", hash_))

    def restored(self, end: int, entry: JournalEntry) -> bool:
        """Tell whether the import that took somebody back was undone after a line."""
        return self._after(end, _left(entry))

    def _after(self, end: int, key: tuple[str, ...]) -> bool:
        return self._last.get(key, 0) > end


def _takes_back(entry: JournalEntry) -> Iterable[tuple[str, ...]]:
    taken: dict[str, list[tuple[str, ...]]] = {
        "lifted": [("suppressed", entry.hash)],
        "suppressed": [("lifted", entry.hash)],
        "restored": [_left(entry)],
        "erased": [("suppressed", entry.hash), ("back", entry.hash)],
        "returned": [("suppressed", entry.hash), ("gone", entry.hash)],
        "moved": [("gone", entry.hash), ("back", entry.reason)],  # the hash before
    }
    return taken.get(entry.act, [])


def _left(entry: JournalEntry) -> tuple[str, ...]:
    return ("unsubscribed", str(entry.subscriber_id), entry.newsletter, entry.reason)
