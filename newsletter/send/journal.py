"""The journal of submissions: what one host submitted, kept outside the database.

A database that was restored from a backup does not know what was submitted since. This journal
does. Each issue has a file, with one short line per step. A line is written before the step that
depends on it. Claims are then on the disk, and so are outcomes, except that of a batch that was
accepted message by message. The answers to single messages are not: they survive the end of the
process, but not the loss of power. A claim therefore names the boot of the machine; after another
boot, the answers of an attempt without an outcome may be incomplete.

    I {…}                                   the audience was frozen
    C <batch> <attempt> <first> <last> <provider> <left out> <boot>
                                            a batch is about to be submitted
    A <batch> <attempt> <delivery>          one message was accepted
    N <batch> <attempt> <delivery>          one message was not accepted
    R <batch> <attempt> <outcome> <refused>
                                            the call has ended
    E <state>                               the issue is finished

The file of a finished issue is folded later (`folding.py`). In it, numbers of deliveries are
ranges, and one line replaces those of an accepted batch:

    F <batch> <attempt> <first> <last> <provider> <not accepted>
"""

import errno
import fcntl
import json
import os
import re
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from newsletter.model.batch import Claim

FOLDER = "submissions"
"""The folder of the journal, beside newsletter.toml."""
TAIL = 100
"""Bytes that certainly hold the last line of a finished issue."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


@dataclass(frozen=True, slots=True)
class FrozenIssue:
    """An issue as it was when its audience was frozen; times are in ISO format.

    `epoch` identifies the database: another one, for which the same folder is used, numbers its
    issues from 1 again. `articles` are the URLs of what the issue prints,
    or titles where there is none.
    """

    epoch: str
    issue_id: int
    newsletter: str
    kind: str
    nominal: str
    due_at: str
    subject: str
    frozen_at: str
    planned: int
    articles: Sequence[str] = ()


class SubmissionJournal:
    """Appends to the files of a folder; without a folder it records nothing.

    Threads share one journal. Those that append at the same time to the same issue share one
    fsync, which takes longer than all the rest.
    """

    def __init__(self, folder: Path | None, boot: str | None = None) -> None:
        """Use a folder, which need not exist yet; `boot` replaces the id of this boot in tests."""
        self.folder = folder
        self.boot = _boot() if boot is None else boot
        self._opening = threading.Lock()
        self._files: dict[int, _Appender] = {}

    def freeze(self, issue: FrozenIssue) -> None:
        """Record a frozen audience; call it before the transaction commits."""
        content = json.dumps(asdict(issue), ensure_ascii=False)
        self._append(issue.issue_id, f"I {content}")

    def lacks(self, issue_id: int, epoch: str, frozen_at: str) -> bool:
        """Return whether no line says that the audience was frozen then: another host did that."""
        if self.folder is None:
            return False
        wanted = {"epoch": epoch, "frozen_at": frozen_at}
        for line in self.lines(issue_id):
            with suppress(ValueError):  # a full disk may have cut one short
                if line.startswith("I ") and wanted.items() <= json.loads(line[2:]).items():
                    return False
        return True

    def claim(self, claim: Claim, carried: Collection[int]) -> None:
        """Record that a batch is about to be submitted; call it before the first byte.

        `carried` are the deliveries of its range that are submitted; the others are settled.
        """
        span = range(claim.first, claim.last + 1)
        left_out = _numbers(set(span).difference(carried)) if len(carried) < len(span) else "-"
        line = f"C {_attempt(claim)} {claim.first} {claim.last} {claim.provider} {left_out}"
        line += f" {self.boot}"
        self._append(claim.issue_id, line, begins=_attempt(claim))

    def accept(self, claim: Claim, delivery: int) -> None:
        """Record that one message was accepted; call it before the next message."""
        self._append(claim.issue_id, f"A {_attempt(claim)} {delivery}", durable=False)

    def decline(self, claim: Claim, delivery: int) -> None:
        """Record that one message was not accepted; call it before the next message."""
        self._append(claim.issue_id, f"N {_attempt(claim)} {delivery}", durable=False)

    def settle(
        self, claim: Claim, outcome: str, refused: Collection[int], *, durable: bool = True
    ) -> None:
        """Record the outcome of a call; call it before the transaction commits."""
        line = f"R {_attempt(claim)} {outcome} {_numbers(refused)}"
        self._append(claim.issue_id, line, durable=durable, ends=_attempt(claim))

    def finish(self, issue_id: int, state: str) -> None:
        """Record that an issue is finished, and close its file."""
        if self.folder is None or not self.path(issue_id).exists():
            return
        self._append(issue_id, f"E {state}")
        with self._opening:
            if appender := self._files.pop(issue_id, None):
                appender.close()

    def path(self, issue_id: int) -> Path:
        """Return the file of an issue."""
        return (self.folder or Path()) / f"{issue_id}.log"

    def is_of_this_host(self, owner: str) -> bool:
        """Return whether a worker, named as by `owner`, writes into this folder."""
        try:
            word = ((self.folder or Path()) / "host").read_text("utf-8")
        except FileNotFoundError:
            return False
        return self.folder is not None and owner.endswith(f"@{word}")

    def owner(self, name: str, new_id: Callable[[], str]) -> str:
        """Return the name of a worker of this host, as it is stored with what it claims."""
        word = self.host(new_id)
        return f"{name}@{word}" if word else name

    def host(self, new_id: Callable[[], str]) -> str:
        """Return the word that identifies this host, which is made at the first call."""
        if self.folder is None:
            return ""
        _make(self.folder)
        path = self.folder / "host"
        with suppress(FileExistsError), path.open("x", encoding="utf-8") as file:
            file.write(new_id()[:12])
        return path.read_text("utf-8")

    def issues(self) -> list[int]:
        """Return the issues that have a file."""
        if self.folder is None or not self.folder.is_dir():
            return []
        return sorted(int(path.stem) for path in self.folder.glob("*.log") if path.stem.isdigit())

    def lines(self, issue_id: int) -> Iterator[str]:
        """Yield the lines of an issue; one that a crash cut short is left out."""
        try:
            with self.path(issue_id).open(
                "r", encoding="utf-8", errors="replace", newline="\n"
            ) as file:
                yield from (line[:-1] for line in file if line.endswith("\n"))
        except FileNotFoundError:
            return

    def is_finished(self, issue_id: int) -> bool:
        """Return whether the last line of an issue says that it is finished."""
        return self.last_line(issue_id).startswith("E ")

    def last_line(self, issue_id: int) -> str:
        """Return the last line of an issue if it is a short one; of another, only its end."""
        with self.path(issue_id).open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - TAIL))
            return file.read().rpartition(b"\n")[0].rpartition(b"\n")[2].decode(errors="replace")

    @contextmanager
    def working(self, owner: str) -> Iterator[None]:
        """Show other processes of this host that a worker is alive.

        The lock ends with the process, however it ends. Each pass has a file: several may run in a
        process, and the end of one says nothing about the others.
        """
        if self.folder is None:
            yield
            return
        _make(self.folder)
        with _new_file(f"{self._worker(owner)}~") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # at most `is_dead` holds it, for a moment
            try:
                yield
            finally:
                Path(file.name).unlink(missing_ok=True)

    def is_dead(self, owner: str) -> bool:
        """Return whether a worker of this host has ended; False if that is not known."""
        if self.folder is None:
            return False
        worker = self._worker(owner)
        files = list(worker.parent.glob(f"{worker.name}~*"))
        # Without a file, it is a worker of another host, or one that has ended in good order.
        return bool(files) and not any(map(_is_locked, files))

    def close(self) -> None:
        """Close all files."""
        with self._opening:
            for appender in self._files.values():
                appender.close()
            self._files.clear()

    def _worker(self, owner: str) -> Path:
        return (self.folder or Path()) / f"worker-{_UNSAFE.sub('-', owner)}"

    def _append(
        self, issue_id: int, line: str, *, durable: bool = True, begins: str = "", ends: str = ""
    ) -> None:
        """Append a line. From one that begins an attempt to the one that ends it, the file stays."""
        if self.folder is None:
            return
        while True:
            appender = self._files.get(issue_id) or self._opened(self.folder, issue_id)
            if written := appender.append(line, begins, ends):
                break  # otherwise another thread has just closed the file
        if durable:
            appender.sync(written)

    def _opened(self, folder: Path, issue_id: int) -> "_Appender":
        with self._opening:
            if issue_id not in self._files:
                _make(folder)
                self._files[issue_id] = _Appender(self.path(issue_id))
            return self._files[issue_id]


class _Appender:
    """A file that is only appended to; several threads share one fsync."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = _opened(path)
        # End a line that a crash cut short, so that the next one can be read.
        self._pending = b"\n" if _is_torn(self._descriptor) else b""
        self._writing = threading.Lock()
        self._syncing = threading.Lock()
        self._written = self._synced = 0
        self._attempts: set[str] = set()
        self._kept = self._closed = False

    def append(self, line: str, begins: str, ends: str) -> int:
        """Append a line, which may begin or end an attempt; return its number for `sync`.

        Return 0 if the file is closed.
        The file is not replaced here and during an attempt. The lock is for a whole attempt because
        taking it takes longer than appending a line.
        """
        with self._writing:
            if self._closed:
                return 0
            if not self._kept:
                self._keep()
            try:
                written = self._write(line)
                if begins:
                    self._attempts.add(begins)
                return written
            finally:
                if ends:
                    self._attempts.discard(ends)
                if not self._attempts:
                    fcntl.flock(self._descriptor, fcntl.LOCK_UN)
                self._kept = bool(self._attempts)

    def _write(self, line: str) -> int:
        content = self._pending + line.encode() + b"\n"
        if os.write(self._descriptor, content) < len(content):
            self._pending = b"\n"
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._pending = b""
        self._written += 1
        return self._written

    def sync(self, line: int) -> None:
        """Return once a line and all before it are on the disk."""
        with self._syncing:
            if self._synced >= line:
                return  # the fsync of another thread covered it
            covered = self._written
            os.fdatasync(self._descriptor)
            self._synced = covered

    def _keep(self) -> None:
        """Keep the file from being replaced; open the other one if it has been."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)
        while os.fstat(self._descriptor).st_nlink == 0:
            replacement = _opened(self._path)
            os.dup2(replacement, self._descriptor)
            os.close(replacement)
            fcntl.flock(self._descriptor, fcntl.LOCK_SH)

    def close(self) -> None:
        """Close the file, with all lines on the disk."""
        with self._writing, self._syncing:
            if self._synced < self._written:
                os.fdatasync(self._descriptor)
                self._synced = self._written
            os.close(self._descriptor)
            self._closed = True


def _opened(path: Path) -> int:
    created = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    if created:
        sync_folder(path.parent)
    return descriptor


def _is_torn(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


def _new_file(prefix: str) -> BinaryIO:
    """Create the first file with a prefix and a number that does not exist."""
    number = 0
    while True:
        with suppress(FileExistsError):
            return Path(f"{prefix}{number}").open("xb")
        number += 1


def _is_locked(path: Path) -> bool:
    """Return whether a living worker holds a file; one that is gone is not left by a dead one."""
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    return False


def _boot() -> str:
    """Return what identifies this boot of the machine; "?" if that is not known."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")[:12]
    except OSError:
        return "?"


def _numbers(deliveries: Collection[int]) -> str:
    return ",".join(map(str, sorted(deliveries))) or "-"


def _attempt(claim: Claim) -> str:
    return f"{claim.seq} {claim.attempt}"


def _make(folder: Path) -> None:
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Put the names of new files on the disk; fsync of a file does not."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
