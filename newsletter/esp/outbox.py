"""A provider that needs no network: each delivery becomes an .eml file that email programs open."""

import contextlib
import fcntl
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import BinaryIO

from newsletter.esp.message.checks import AddressError, LetterError, require
from newsletter.esp.message.mime import MessageTemplate
from newsletter.esp.port import FaultPoint, Outcome, Recipient, Shipment, Verdict, nowhere


@dataclass(frozen=True, slots=True)
class OutboxSender:
    """Writes `<delivery>.eml` into a folder.

    A file that holds the same email means that it was already submitted. Next to a file that holds
    another one, the email gets a file of its own.
    """

    folder: Path
    at: FaultPoint = nowhere
    name: str = "outbox"
    max_batch: int = 100
    repeatable: bool = True

    def submit(self, shipment: Shipment) -> Outcome:
        """Write every missing file; stop at the first that cannot be written."""
        reached: list[str] = []
        refused: dict[str, str] = {}
        try:
            require(shipment.letter)
            _make(self.folder)
            template = MessageTemplate(shipment.letter)
            for recipient in shipment.recipients:
                try:
                    self._keep(template, recipient)
                    reached.append(recipient.delivery)
                except AddressError as error:
                    refused[recipient.delivery] = str(error)
            _sync(self.folder)
        except LetterError as error:
            return Outcome(Verdict.UNSENT, str(error), stop=True)
        except OSError as error:
            reason = self._describe(error)
            # Without the folder's entry on disk, the files could vanish with the power.
            kept = tuple(reached) if _synced(self.folder) else ()
            return Outcome(Verdict.UNSENT, reason, refused=refused, reached=kept)
        return Outcome(Verdict.ACCEPTED, refused=refused)

    def _describe(self, error: OSError) -> str:
        if isinstance(error, BlockingIOError):
            return "another process is writing the same email into the outbox; run again"
        return (
            f"the outbox {self.folder} cannot be written: {error.strerror or error};"
            " free disk space or fix the permissions, then run again"
        )

    def _keep(self, template: MessageTemplate, recipient: Recipient) -> None:
        content = template.fill(recipient)
        for name in _names(recipient.delivery):
            path = self.folder / name
            if not path.exists():
                _write(path, content, self.at)
            # Written now, by an earlier attempt, or by another worker a moment ago.
            if _identity(path.read_bytes()) == _identity(content):
                return


_IDENTITY = ("Message-ID", "Date", "To", "Subject", "Content-Type")


def _names(delivery: str) -> Iterator[str]:
    """Yield the file names of a delivery: the next one if a file holds another email."""
    yield f"{delivery}.eml"
    for number in itertools.count(2):
        yield f"{delivery}.{number}.eml"


def _identity(content: bytes) -> tuple[str, ...]:
    """Return what makes an email this delivery of this edition.

    Another publication, or a new database, that uses the same folder has the same delivery ids.
    Content-Type holds the boundary, which depends on the edition's random nonce. The bytes as a
    whole are too much: a key that was replaced changes the tokens in the links.
    """
    headers = BytesHeaderParser().parsebytes(content)
    return tuple(str(headers.get(name, "")) for name in _IDENTITY)


def _write(path: Path, content: bytes, at: FaultPoint) -> None:
    """Write a file completely and durably, or not at all.

    If another worker is writing the same delivery, raise BlockingIOError. The partial file of a
    dead worker is overwritten: its lock ended with its process.
    """
    partial = path.with_name(f".{path.name}.part")
    while True:
        with partial.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Between our open and our lock, the other worker may have renamed or removed the file.
            if not _is_same(file, partial):
                continue
            try:
                if not path.exists():
                    _fill(file, content, at)
                    partial.replace(path)
                return
            finally:
                with contextlib.suppress(OSError):
                    partial.unlink()


def _is_same(file: BinaryIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _fill(file: BinaryIO, content: bytes, at: FaultPoint) -> None:
    file.truncate(0)
    file.write(content[: len(content) // 2])
    at("mid_body")
    file.write(content[len(content) // 2 :])
    file.flush()
    os.fsync(file.fileno())
    at("after_send")


def _make(folder: Path) -> None:
    """Create a folder and its parents, and put the name of each new one on the disk."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for created in missing:
        _sync(created.parent)


def _sync(folder: Path) -> None:
    """Put the names of a folder's files on the disk: fsync of a file does not."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _synced(folder: Path) -> bool:
    try:
        _sync(folder)
    except OSError:
        return False
    return True
