"""A copy of what was decided, beside the database: it shows what a restore has taken back.

Each pass copies the decisions since the last one. A database that lacks some of them was restored
from a backup. What to do about them is for a person: they are reported, and not repeated.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import NamedTemporaryFile

import sqlalchemy as sa

from newsletter.store import epoch, history
from newsletter.store.history import RecordedDecision
from subscribers.roster.latest import latest as latest_imports

FILE = "history.jsonl"
KEPT = timedelta(days=60)
"""How far back a database is compared with the copy: no backup that is restored is older."""
SLACK = 500
"""Lines older than that which stay until they are deleted together."""
RESTORED = "restored"
"""The key of the line after which the copy begins again."""


def forgotten(reader: sa.Engine, folder: Path, now: datetime) -> list[str]:
    """Describe what the database has forgotten since the last pass, from the copy in `folder`."""
    with reader.begin() as connection:
        return History(folder).check(connection, now)


def differs(connection: sa.Connection, folder: Path, now: datetime) -> bool:
    """Return whether the copy in `folder` lacks a decision, or the database has forgotten one."""
    return History(folder).compare(connection, now).differ


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the database has, what of it the copy lacks, and what the database has forgotten."""

    present: list[RecordedDecision]
    new: list[RecordedDecision]
    lost: list[str]

    @property
    def differ(self) -> bool:
        """Return whether the copy and the database differ."""
        return bool(self.new or self.lost)


@dataclass(frozen=True, slots=True)
class History:
    """The copy in a folder beside newsletter.toml."""

    folder: Path

    def check(self, connection: sa.Connection, now: datetime) -> list[str]:
        """Describe what the database has forgotten, and copy what is new in it."""
        word = epoch.read(connection)
        found = self.compare(connection, now)
        if found.lost:
            restart = RecordedDecision(RESTORED, now.isoformat(), "")
            self._append(word, [restart, *found.present])
        else:
            self._append(word, found.new)
        self._trim(now - KEPT)
        return found.lost

    def compare(self, connection: sa.Connection, now: datetime) -> "Comparison":
        """Compare the copy with the database; change nothing."""
        word, cutoff = epoch.read(connection), now - KEPT
        copied = {line.key: line for line in self._lines(word) if line.at >= cutoff.isoformat()}
        imports, oldest = _imports(connection, cutoff)
        present = {line.key: line for line in [*history.since(connection, cutoff), *imports]}
        lost = [
            line.message
            for key, line in copied.items()
            if key not in present and not _is_older_import(key, oldest)
        ]
        new = [line for key, line in present.items() if key not in copied]
        return Comparison(list(present.values()), new, lost)

    def _lines(self, word: str) -> list[RecordedDecision]:
        found: list[RecordedDecision] = []
        for line in self._read():
            if line.get("epoch") != word:
                continue
            if line["key"] == RESTORED:
                found.clear()
            else:
                found.append(RecordedDecision(line["key"], line["at"], line["message"]))
        return found

    def _read(self) -> Iterator[dict[str, str]]:
        path = self.folder / FILE
        if not path.exists():
            return
        for line in path.read_text("utf-8", errors="replace").splitlines():
            try:
                content = json.loads(line)
            except ValueError:
                continue  # a crash cut it short
            if isinstance(content, dict) and {"key", "at", "message"} <= content.keys():
                yield content

    def _trim(self, cutoff: datetime) -> None:
        """Delete what is not compared any more, once it is much.

        What another process appends at this moment is lost; the next pass copies it again.
        """
        present = list(self._read())
        kept = [line for line in present if line["at"] >= cutoff.isoformat()]
        if len(present) - len(kept) < SLACK:
            return
        with NamedTemporaryFile(
            "w", dir=self.folder, prefix=f".{FILE}.", delete=False, encoding="utf-8"
        ) as trimmed:
            trimmed.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in kept)
            trimmed.flush()
            os.fsync(trimmed.fileno())
        Path(trimmed.name).replace(self.folder / FILE)

    def _append(self, word: str, lines: Iterable[RecordedDecision]) -> None:
        text = "".join(
            json.dumps({"epoch": word, **line._asdict()}, ensure_ascii=False) + "\n"
            for line in lines
        )
        if not text:
            return
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.folder / FILE, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, text.encode())
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _imports(connection: sa.Connection, cutoff: datetime) -> tuple[list[RecordedDecision], int]:
    """Return the latest imports that were applied or undone, and the oldest one that was read."""
    found = []
    latest = latest_imports(connection)
    for done in latest:
        for word, at in (("applied", done.applied_at), ("undone", done.undone_at)):
            if at is not None and at >= cutoff:
                key = f"import {done.id} {word}"
                found.append(RecordedDecision(key, at.isoformat(), f"import {done.id} was {word}"))
    return found, min((done.id for done in latest), default=0)


def _is_older_import(key: str, oldest: int) -> bool:
    kind, *rest = key.split()
    return kind == "import" and int(rest[0]) < oldest
