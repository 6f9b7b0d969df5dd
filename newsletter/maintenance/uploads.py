"""Uploaded lists, as private files that wait to be applied; they are deleted within a day."""

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from newsletter.errors import NotFound
from subscribers.phrase import Phrase
from subscribers.roster.spreadsheet import convert

FOLDER = "uploads"
KEPT = timedelta(days=1)
_NUMBER = re.compile(r"[0-9a-f]{32}", re.ASCII)
_UNSAFE = re.compile(r"[^\w .()+-]+")
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class Upload:
    """A list that waits, and what was chosen for it.

    `columns` are the choices by header: a field, "ignore", or "" for what is recognized. `reviewed`
    is the number of the import that its last review prepared, 0 before.
    """

    id: str
    name: str
    columns: Mapping[str, str] = field(default_factory=dict)
    newsletters: tuple[str, ...] = ()
    attest: str = ""
    encoding: str = ""
    words: str = ""
    reviewed: int = 0

    @property
    def seal(self) -> str:
        """A hash of what was chosen and reviewed, to compare it with what was shown."""
        return sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


class Uploads:
    """The folder of the uploads: for each a file, and a note of what was chosen for it."""

    def __init__(self, folder: Path, new_id: Callable[[], str]) -> None:
        """Use a folder, which is created when the first upload arrives."""
        self._folder = folder
        self._new_id = new_id

    def keep(self, name: str, stream: BinaryIO) -> Upload:
        """Store a list under a new number; of a spreadsheet, its first sheet.

        Raises ImportRefused if it looks like a spreadsheet and is none.
        """
        shown = _UNSAFE.sub(" ", Path(name).name).strip()[-_LONGEST_NAME:] or "list"
        upload = Upload(self._new_id(), shown)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        raw = self._folder / f"{upload.id}.raw"
        try:
            with _private(raw) as target:
                shutil.copyfileobj(stream, target, 1 << 20)
            if not convert(raw, self.path(upload.id), upload.name):
                raw.replace(self.path(upload.id))
            self.note(upload)
        except BaseException:
            self.delete(upload.id)
            raise
        finally:
            raw.unlink(missing_ok=True)
        return upload

    def path(self, upload_id: str) -> Path:
        """Return the file of an upload; raise NotFound for what is not a number of one."""
        if not _NUMBER.fullmatch(upload_id):
            msg = Phrase("the upload was not found")
            raise NotFound(msg)
        return self._folder / f"{upload_id}.list"

    def load(self, upload_id: str) -> Upload:
        """Return an upload; raise NotFound if it was applied, discarded, or is too old."""
        note = self.path(upload_id).with_suffix(".json")
        try:
            found = json.loads(note.read_text("utf-8"))
        except FileNotFoundError as error:
            msg = Phrase(
                "the upload was not found: it was applied, discarded, or deleted after a day"
            )
            raise NotFound(msg) from error
        found.pop("problem", None)  # of an earlier version
        return Upload(**{**found, "newsletters": tuple(found["newsletters"])})

    def every(self) -> list[Upload]:
        """Return the uploads that wait, by number."""
        found = []
        for note in sorted(self._folder.glob("*.json")):
            with suppress(NotFound):  # applied or discarded since it was listed
                found.append(self.load(note.stem))
        return found

    def note(self, upload: Upload) -> None:
        """Store what was chosen for an upload."""
        note = self.path(upload.id).with_suffix(".json")
        part = note.with_suffix(".part")
        with _private(part) as stream:
            stream.write(json.dumps(asdict(upload)).encode())
        part.replace(note)

    def delete(self, upload_id: str) -> None:
        """Delete an upload and what was chosen for it."""
        path = self.path(upload_id)
        for each in (path, path.with_suffix(".json"), path.with_suffix(".part")):
            each.unlink(missing_ok=True)


def _private(path: Path) -> BinaryIO:
    """Open a file for writing that only its owner reads."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def purge_uploads(folder: Path, before: datetime) -> int:
    """Delete uploads that were last touched before a time; return how many files."""
    old = list(_older(folder, before.timestamp()))
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def _older(folder: Path, before: float) -> Iterator[Path]:
    for path in folder.glob("*"):
        with suppress(FileNotFoundError):  # applied or discarded at this moment
            if path.stat().st_mtime < before:
                yield path
