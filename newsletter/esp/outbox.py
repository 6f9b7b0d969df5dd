"""The provider for a machine without one: each delivery becomes a file that mail programs open."""

import contextlib
import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from newsletter.esp.mime import message
from newsletter.esp.port import FaultPoint, Letter, Outcome, Recipient, Shipment, Verdict, nowhere
from newsletter.esp.soundness import AddressError, LetterError, require


@dataclass(frozen=True, slots=True)
class OutboxSender:
    """Writes `<delivery>.eml` into a folder; a file that is already there was submitted before."""

    folder: Path
    at: FaultPoint = nowhere
    name: str = "outbox"
    max_batch: int = 100
    repeatable: bool = True

    def submit(self, shipment: Shipment) -> Outcome:
        """Write every mail that is missing; stop at the first that cannot be written."""
        reached: list[str] = []
        refused: dict[str, str] = {}
        try:
            require(shipment.letter)
            _make(self.folder)
            for recipient in shipment.recipients:
                try:
                    self._keep(shipment.letter, recipient)
                    reached.append(recipient.delivery)
                except AddressError as error:
                    refused[recipient.delivery] = str(error)
            _sync(self.folder)
        except LetterError as error:
            return Outcome(Verdict.UNSENT, str(error), stop=True)
        except OSError as error:
            reason = self._why(error)
            kept = tuple(reached) if _synced(self.folder) else ()
            return Outcome(Verdict.UNSENT, reason, refused=refused, reached=kept)
        return Outcome(Verdict.ACCEPTED, refused=refused)

    def _why(self, error: OSError) -> str:
        if isinstance(error, BlockingIOError):
            return "another process is writing the same mail into the outbox; run again"
        return (
            f"the outbox {self.folder} cannot be written: {error.strerror or error};"
            " free the space or the permission and run again"
        )

    def _keep(self, letter: Letter, recipient: Recipient) -> None:
        path = self.folder / f"{recipient.delivery}.eml"
        if not path.exists():
            _write(path, message(letter, recipient), self.at)


def _write(path: Path, content: bytes, at: FaultPoint) -> None:
    """Write a file whole and on the disk, or not at all.

    A worker that finds another one at the same delivery gives way. What a dead one left is written
    over: its lock died with it.
    """
    partial = path.with_name(f".{path.name}.part")
    while True:
        with partial.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is(file, partial):  # finished or given up between opening and locking
                continue
            try:
                if not path.exists():
                    _fill(file, content, at)
                    partial.replace(path)
                return
            finally:
                with contextlib.suppress(OSError):
                    partial.unlink()


def _is(file: BinaryIO, path: Path) -> bool:
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
    """Make a folder; its name, and that of every folder that had to be made, is on the disk."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for one in missing:
        _sync(one.parent)


def _sync(folder: Path) -> None:
    """Put the names of the files on the disk too."""
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
