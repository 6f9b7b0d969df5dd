"""The provider for a machine without one: each delivery becomes a file that mail programs open."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from newsletter.esp.mime import message
from newsletter.esp.port import FaultPoint, Letter, Outcome, Recipient, Shipment, Verdict, nowhere
from newsletter.esp.soundness import AddressError


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
            self.folder.mkdir(parents=True, exist_ok=True)
            for recipient in shipment.recipients:
                try:
                    self._keep(shipment.letter, recipient)
                    reached.append(recipient.delivery)
                except AddressError as error:
                    refused[recipient.delivery] = str(error)
            _sync(self.folder)
        except OSError as error:
            reason = (
                f"the outbox {self.folder} cannot be written: {error.strerror or error};"
                " free the space or the permission and run again"
            )
            return Outcome(Verdict.UNSENT, reason, refused=refused, reached=tuple(reached))
        return Outcome(Verdict.ACCEPTED, refused=refused)

    def _keep(self, letter: Letter, recipient: Recipient) -> None:
        path = self.folder / f"{recipient.delivery}.eml"
        if not path.exists():
            _write(path, message(letter, recipient), self.at)


def _write(path: Path, content: bytes, at: FaultPoint) -> None:
    """Write a file whole and on the disk, or not at all."""
    partial = path.with_name(f".{path.name}.part")
    try:
        with partial.open("wb") as file:
            file.write(content[: len(content) // 2])
            at("mid_body")
            file.write(content[len(content) // 2 :])
            file.flush()
            os.fsync(file.fileno())
        at("after_send")
        partial.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def _sync(folder: Path) -> None:
    """Put the names of the files on the disk too."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
