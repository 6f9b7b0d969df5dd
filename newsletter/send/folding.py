"""Fold the journal of a finished issue: a line per batch instead of one per message.

The folded file says the same about every recipient. It replaces the other one at once, or not at
all, wherever the process ends.
"""

import fcntl
import json
import os
from collections.abc import Collection, Iterator
from dataclasses import asdict
from pathlib import Path

import structlog

from newsletter.esp.port import FaultPoint, nowhere
from newsletter.model.batch import Span
from newsletter.send import submitted
from newsletter.send.journal import SubmissionJournal, sync_folder
from newsletter.send.submitted import FOLDED, JournaledAttempt, JournaledIssue

log = structlog.get_logger()


def fold_finished(journal: SubmissionJournal, at: FaultPoint = nowhere) -> int:
    """Fold the file of every issue that has finished since the last time; return how many."""
    return sum(
        _fold(journal, issue_id, at) for issue_id in journal.issues() if _is_due(journal, issue_id)
    )


def _is_due(journal: SubmissionJournal, issue_id: int) -> bool:
    last = journal.last_line(issue_id)
    return last.startswith("E ") and not last.endswith(FOLDED)


def _fold(journal: SubmissionJournal, issue_id: int, at: FaultPoint) -> bool:
    """Replace a file; False if another process changes it now, or if it cannot be read."""
    path = journal.path(issue_id)
    with path.open("rb") as present:
        at("opened")
        try:
            # No worker appends until the other file is in place; then it opens that one.
            fcntl.flock(present, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        if os.fstat(present.fileno()).st_nlink == 0 or not _is_due(journal, issue_id):
            return False  # before the lock, another process folded it or appended to it
        known = submitted.read(journal.lines(issue_id))
        if known is None:
            return False
        try:
            _replace(path, "".join(f"{line}\n" for line in folded(known)), at)
        except OSError:
            log.exception("a journal of submissions cannot be folded", issue=issue_id)
            return False
    return True


def folded(known: JournaledIssue) -> Iterator[str]:
    """Yield the lines of a finished issue, as few as say the same."""
    yield f"I {json.dumps(asdict(known.frozen), ensure_ascii=False)}"
    for attempt in known.attempts:
        yield from _attempt(attempt)
    yield f"E {known.finished}{FOLDED}"


def _attempt(attempt: JournaledAttempt) -> Iterator[str]:
    key = f"{attempt.seq} {attempt.attempt}"
    batch = f"{key} {attempt.span[0]} {attempt.span[1]} {attempt.provider}"
    declined = _ranges(attempt.declined)
    if attempt.outcome == "accepted":
        yield f"F {batch} {declined}"
        return
    yield f"C {batch} {declined} {attempt.boot}".rstrip()
    if attempt.accepted:
        yield f"A {key} {_ranges(attempt.accepted)}"
    if attempt.outcome:
        yield f"R {key} {attempt.outcome} -"


def _ranges(numbers: Collection[int]) -> str:
    """Return numbers as "3,7-9"; "-" if there are none."""
    spans: list[Span] = submitted.merged((number, number) for number in numbers)
    return ",".join(f"{a}-{b}" if a < b else f"{a}" for a, b in spans) or "-"


def _replace(path: Path, text: str, at: FaultPoint) -> None:
    other = path.with_suffix(".folded")
    descriptor = os.open(other, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="\n", closefd=False) as file:
            half = len(text) // 2
            file.write(text[:half])
            at("half written")
            file.write(text[half:])
        at("written")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    at("synced")
    other.replace(path)
    at("replaced")
    sync_folder(path.parent)
