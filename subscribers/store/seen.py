"""Find rows of a file that have the same address, with memory that does not grow."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import blake2b


@dataclass(frozen=True, slots=True)
class SeenAddress:
    """What all rows of an address say: how many there are, the lowest rank, the highest strength.

    `claimed_by` is the row that was taken; 0 if none was.
    """

    rows: int
    rank: int
    strength: int
    claimed_by: int


_ALONE = SeenAddress(1, 2, -1, 0)
MOST = 50_000
"""How many addresses of several rows are kept in memory; for more, every row asks the file."""


class Seen:
    """Addresses by a 63-bit hash, with what their rows say."""

    def __init__(self, file: sqlite3.Connection, most: int = MOST) -> None:
        """Use an empty scratch database; keep at most so many repeated addresses in memory."""
        self._file = file
        self._most = most
        self._repeated: frozenset[int] | None = None
        self._is_shared = False
        file.execute(
            "CREATE TABLE seen (hash INTEGER PRIMARY KEY, rows INTEGER, rank INTEGER,"
            " strength INTEGER, claimed_by INTEGER NOT NULL DEFAULT 0)"
        ).close()

    def note(self, stated: Iterable[tuple[str, int, int, int]]) -> None:
        """Store (key, how many rows this counts for, rank of the state, strength of the suppression)."""
        rows = [(_number(key), count, rank, strength) for key, count, rank, strength in stated]
        self._is_shared = self._is_shared or any(row[1] > 1 for row in rows)
        self._file.executemany(
            "INSERT INTO seen (hash, rows, rank, strength) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (hash) DO UPDATE SET rows = rows + excluded.rows,"
            " rank = min(rank, excluded.rank), strength = max(strength, excluded.strength)",
            rows,
        ).close()

    def claim(self, shown: Sequence[tuple[str, int]]) -> list[SeenAddress]:
        """Claim addresses for (address key, row) pairs; return what was known before each.

        An address of a single row is claimed only among `shown`: no other row has it.
        """
        numbers = [_number(key) for key, _row in shown]
        known = self._known(self._several(numbers))
        found: list[SeenAddress] = []
        alone: dict[int, int] = {}
        claims: list[tuple[int, int]] = []
        for number, (_key, row) in zip(numbers, shown, strict=True):
            address = known.get(number)
            if address is None:
                # The file may have changed since: only then has such an address been claimed here.
                row_before = alone.setdefault(number, row)
                is_first = row_before == row
                found.append(_ALONE if is_first else replace(_ALONE, claimed_by=row_before))
                continue
            found.append(address)
            if not address.claimed_by:
                known[number] = SeenAddress(address.rows, address.rank, address.strength, row)
                if address.rows > 1:
                    claims.append((row, number))
        self._file.executemany("UPDATE seen SET claimed_by = ? WHERE hash = ?", claims).close()
        return found

    def ranks(self, keys: Iterable[str]) -> list[int]:
        """Return the lowest rank that was stored for each key, if it was for several rows."""
        if not self._is_shared:
            return [_ALONE.rank for _key in keys]
        numbers = [_number(key) for key in keys]
        known = self._known(self._several(numbers))
        return [known.get(number, _ALONE).rank for number in numbers]

    def _several(self, numbers: list[int]) -> list[int]:
        """Return those that several rows have."""
        if self._repeated is None:
            query = "SELECT hash FROM seen WHERE rows > 1 LIMIT ?"
            rows = self._file.execute(query, [self._most + 1])
            self._repeated = frozenset(row[0] for row in rows.fetchall())
            rows.close()
        if len(self._repeated) > self._most:
            return numbers
        return [number for number in numbers if number in self._repeated]

    def _known(self, numbers: list[int]) -> dict[int, SeenAddress]:
        found: dict[int, SeenAddress] = {}
        for start in range(0, len(numbers), 900):  # SQLite before 3.32 takes 999 parameters
            some = numbers[start : start + 900]
            marks = ", ".join("?" * len(some))
            query = (
                f"SELECT hash, rows, rank, strength, claimed_by FROM seen WHERE hash IN ({marks})"  # noqa: S608 - only question marks
            )
            rows = self._file.execute(query, some)
            found.update((row[0], SeenAddress(*row[1:])) for row in rows.fetchall())
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
