"""Read the emails in a mailbox, and file each once it is taken in."""

import imaplib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol

from imap_tools import AND, BaseMailBox, MailBox, MailBoxUnencrypted, MailMessageFlags
from imap_tools.errors import ImapToolsError

from newsletter.errors import NotAllowed
from newsletter.esp.returned.address import MailboxAddress
from newsletter.esp.returned.reading import LARGEST

TIMEOUT = 30.0
"""Seconds that an IMAP server may take to answer."""
MOST = 500
"""Emails that one pass takes; the next one takes the next."""
_SEEN = "S"
_ERRORS = (OSError, imaplib.IMAP4.error, ImapToolsError)


@dataclass(frozen=True, slots=True)
class Arrived:
    """An email in a mailbox; `file` keeps, moves or deletes it as configured."""

    raw: bytes
    file: Callable[[], None]


class Letterbox(Protocol):
    """A mailbox."""

    def letters(self) -> Iterator[Arrived]:
        """Yield the emails that were not taken in; raise NotAllowed if it cannot be opened."""


def open_letterbox(address: MailboxAddress) -> Letterbox:
    """Return the mailbox at an address."""
    if address.scheme == "maildir":
        return _Maildir(Path(address.path), delete=address.then == "delete")
    return _Imap(address)


class _Maildir:
    """A Maildir. Emails that are kept are marked as seen, and not read again."""

    def __init__(self, path: Path, *, delete: bool) -> None:
        self._path = path
        self._delete = delete

    def letters(self) -> Iterator[Arrived]:
        if not (self._path / "new").is_dir():
            msg = f"{self._path} is not a Maildir: it has no folder `new`"
            raise NotAllowed(msg)
        for path in islice(self._unseen(), MOST):
            try:
                with path.open("rb") as file:
                    raw = file.read(LARGEST)
            except FileNotFoundError:
                continue  # another reader was faster
            yield Arrived(raw, partial(self._file, path))

    def _unseen(self) -> Iterator[Path]:
        for folder in ("new", "cur"):
            for path in sorted((self._path / folder).iterdir()):
                if _SEEN not in path.name.partition(":2,")[2] and path.is_file():
                    yield path

    def _file(self, path: Path) -> None:
        if self._delete:
            path.unlink(missing_ok=True)
            return
        name, _, flags = path.name.partition(":2,")
        seen = "".join(sorted({*flags, _SEEN}))
        with suppress(FileNotFoundError):
            path.rename(self._path / "cur" / f"{name}:2,{seen}")


class _Imap:
    """A folder on an IMAP server. Emails that are kept are marked as seen, and not read again."""

    def __init__(self, address: MailboxAddress) -> None:
        self._address = address

    def letters(self) -> Iterator[Arrived]:
        try:
            with self._open() as box:
                for uid in box.uids(AND(seen=False))[:MOST]:
                    raw = _content(box, uid)
                    if raw is not None:
                        yield Arrived(raw, partial(self._file, box, uid))
        except _ERRORS as error:
            msg = f"the mailbox at {self._address.host} cannot be read: {_why(error)}"
            raise NotAllowed(msg) from None

    def _open(self) -> BaseMailBox:
        at = self._address
        kind = MailBox if at.scheme == "imaps" else MailBoxUnencrypted
        box = kind(at.host, at.port, timeout=TIMEOUT)
        try:
            return box.login(at.user, at.password, at.path)
        except (imaplib.IMAP4.error, ImapToolsError):
            box.client.shutdown()  # a failed sign-in leaves the connection open
            raise

    def _file(self, box: BaseMailBox, uid: str) -> None:
        try:
            match self._address.then:
                case "delete":
                    box.delete(uid)
                case "move":
                    box.move(uid, self._address.target)
                case _:
                    box.flag(uid, MailMessageFlags.SEEN, value=True)
        except _ERRORS as error:
            where = f"then={self._address.then} for an email at {self._address.host}"
            msg = f"{where} failed: {_why(error)}"
            raise NotAllowed(msg) from None


def _why(error: Exception) -> str:
    """Describe an error without its text, which may repeat what was sent: the password."""
    return getattr(error, "strerror", None) or "the server refused; check the user and the folder"


def _content(box: BaseMailBox, uid: str) -> bytes | None:
    """Return the beginning of an email without marking it; None if it does not exist any more."""
    _, found = box.client.uid("FETCH", uid, f"(BODY.PEEK[]<0.{LARGEST}>)")
    parts = (part[1] for part in found if isinstance(part, tuple))
    return next(parts, None)
