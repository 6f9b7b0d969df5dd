"""The file of the journal: one JSON object per line, append-only."""

import json
import os
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from subscribers.model import JournalEntry

REASON_LIMIT = 500
_LAST_LINES = 1_000
"""In bytes: several lines, each with its time and a keyed hash."""
_ACTS_BEFORE = {"left": "unsubscribed"}
"""What earlier versions wrote. A journal is never rewritten, so these are read forever."""


class Journal:
    """An append-only file with one JSON object per line; each append is on disk when it returns."""

    def __init__(self, path: Path) -> None:
        """Use a file that may not exist yet."""
        self.path = path

    @property
    def size(self) -> int:
        """Return how many bytes the file has."""
        return self.path.stat().st_size if self.path.exists() else 0

    def append(self, entries: Iterable[JournalEntry]) -> None:
        """Append entries. Call it before the transaction commits, so that none is ever missing."""
        lines = "".join(_line(entry) for entry in entries)
        if not lines:
            return
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            # A crash during the last append may have left half a line: start a new one.
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, ("\n" * torn + lines).encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def fingerprint(self, end: int) -> int:
        """Return a number that identifies the lines before `end`: a hash of the last ones."""
        if end > self.size:
            return 0
        with self.path.open("rb") as stream:
            stream.seek(max(0, end - _LAST_LINES))
            content = stream.read(min(end, _LAST_LINES))
        return int.from_bytes(blake2b(content, digest_size=8).digest()) >> 1

    def entries(self) -> Iterator[JournalEntry]:
        """Yield all entries; a line that a crash cut short is skipped."""
        return (entry for _, entry in self.since(0))

    def since(self, start: int) -> Iterator[tuple[int, JournalEntry]]:
        """Yield (end of the line in bytes, entry) for the lines after the first `start` bytes."""
        if not self.path.exists():
            return
        with self.path.open("rb") as stream:
            # A shorter file is another file, such as an older copy: read all of it.
            stream.seek(start if start <= self.path.stat().st_size else 0)
            end = stream.tell()
            for line in stream:
                end += len(line)
                if (entry := _entry(line.decode(errors="replace"))) is not None:
                    yield end, entry


def _line(entry: JournalEntry) -> str:
    content = {
        "act": entry.act,
        "at": entry.at.isoformat(),
        "subscriber": entry.subscriber_id,
        "hash": entry.hash,
        "newsletter": entry.newsletter,
        "reason": entry.reason,
        "origin": entry.origin,
    }
    return json.dumps({name: value for name, value in content.items() if value != ""}) + "\n"


def _entry(line: str) -> JournalEntry | None:
    try:
        content = json.loads(line)
        return JournalEntry(
            act=_ACTS_BEFORE.get(content["act"], str(content["act"])),
            at=datetime.fromisoformat(content["at"]),
            subscriber_id=int(content["subscriber"]),
            hash=str(content["hash"]),
            newsletter=str(content.get("newsletter", "")),
            reason=str(content.get("reason", ""))[:REASON_LIMIT],
            origin=str(content.get("origin", ""))[:REASON_LIMIT],
        )
    except (ValueError, KeyError, TypeError):
        return None
