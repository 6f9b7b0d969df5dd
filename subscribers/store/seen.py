"""Find rows of a file that have the same address, with memory that does not grow."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b


class Seen:
    """Addresses by a 63-bit hash, each with the first row that contains it."""

    def __init__(self, file: sqlite3.Connection) -> None:
        """Use an empty scratch database."""
        self._file = file
        file.execute("CREATE TABLE seen (hash INTEGER PRIMARY KEY, row INTEGER NOT NULL)").close()

    def earlier(self, shown: Sequence[tuple[str, int]]) -> list[int | None]:
        """Store (address key, row) pairs; return for each the earlier row with that key, or None."""
        hashes = [_number(key) for key, _row in shown]
        known = self._known(hashes)
        found: list[int | None] = []
        fresh: list[tuple[int, int]] = []
        for number, (_key, row) in zip(hashes, shown, strict=True):
            found.append(known.get(number))
            if number not in known:
                known[number] = row
                fresh.append((number, row))
        self._file.executemany("INSERT INTO seen VALUES (?, ?)", fresh).close()
        return found

    def _known(self, hashes: list[int]) -> dict[int, int]:
        found: dict[int, int] = {}
        for start in range(0, len(hashes), 900):  # SQLite before 3.32 takes 999 parameters
            some = hashes[start : start + 900]
            marks = ", ".join("?" * len(some))
            rows = self._file.execute(f"SELECT hash, row FROM seen WHERE hash IN ({marks})", some)  # noqa: S608 - only question marks
            found.update(rows.fetchall())
            rows.close()
        return found


@contextmanager
def open_seen() -> Iterator[Seen]:
    """Open an empty memory. An empty name makes SQLite use a file that it deletes on close."""
    file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    try:
        file.execute("PRAGMA cache_size=-16384").close()
        file.execute("BEGIN").close()
        yield Seen(file)
    finally:
        file.close()


def _number(key: str) -> int:
    return int.from_bytes(blake2b(key.encode(), digest_size=8).digest()) >> 1
