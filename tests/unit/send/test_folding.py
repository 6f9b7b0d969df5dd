"""The folded journal of a finished issue says the same, in a few bytes per batch."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.batch import Claim
from newsletter.send.folding import fold_finished, folded
from newsletter.send.journal import FrozenIssue, SubmissionJournal, _Appender
from newsletter.send.submitted import JournaledIssue, read
from tests.conftest import ROOT
from tests.fakes.issues import NOW

HEADER = FrozenIssue("e1", 7, "weekly", "regular", "2026-11-23T08:00", "d", "Ports", "f", 5_000)
CLAIM = Claim(7, 1, 1, "weekly", 1, "smtp", "host:1", 1, 100, 0, NOW)


def meaning(known: JournaledIssue | None) -> object:
    """Return everything that recovery asks of a journal."""
    assert known is not None
    attempts = [
        (one.seq, one.attempt, one.span, one.provider, one.outcome, one.reached(), one.doubtful())
        for one in known.attempts
    ]
    return known.frozen, known.finished, known.was_submitted, known.reached, attempts


def written(folder: Path, batches: int = 50, *, finished: bool = True) -> SubmissionJournal:
    """Write the journal of an issue, each batch accepted but for one message."""
    journal = SubmissionJournal(folder / "submissions", boot="b1")
    journal.freeze(HEADER)
    for seq in range(1, batches + 1):
        first = 100 * seq - 99
        claim = replace(CLAIM, seq=seq, first=first, last=first + 99)
        journal.claim(claim, range(first, first + 100))
        for delivery in range(first, first + 99):
            journal.accept(claim, delivery)
        journal.decline(claim, first + 99)
        journal.settle(claim, "accepted", [first + 99])
    if finished:
        journal.finish(7, "submitted")
    return journal


claims = st.builds(
    "C {} {} {} {} {} {} {}".format,
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(1, 5),
    st.integers(6, 12),
    st.sampled_from(["smtp", "sendgrid"]),
    st.sampled_from(["-", "6", "6,7"]),
    st.sampled_from(["b1", "b2", "?", ""]),
)
answers = st.builds(
    "{} {} {} {}".format,
    st.sampled_from("AN"),
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(1, 12),
)
outcomes = st.builds(
    "R {} {} {} {}".format,
    st.integers(1, 3),
    st.integers(1, 2),
    st.sampled_from(["accepted", "unknown", "unsent", "refused"]),
    st.sampled_from(["-", "7", "3,9"]),
)


@given(lines=st.lists(claims | answers | outcomes, max_size=30))
def test_a_folded_journal_says_the_same(lines: list[str]) -> None:
    header = next(folded(JournaledIssue(HEADER, ())))
    before = [header, *lines, "E submitted"]
    whole = read(before)
    assert whole is not None
    after = list(folded(whole))
    assert len(after) <= len(before)
    for boot in ("b1", "b2", "?"):
        assert meaning(read(after, "e1", boot)) == meaning(read(before, "e1", boot))
    again = read(after)
    assert again is not None
    assert list(folded(again)) == after


def test_a_finished_issue_is_folded_to_a_few_bytes_per_batch(tmp_path: Path) -> None:
    journal = written(tmp_path)
    before = meaning(read(journal.lines(7), "e1"))
    assert fold_finished(journal) == 1
    assert meaning(read(journal.lines(7), "e1")) == before
    assert journal.path(7).stat().st_size < 50 * 30 + 400
    assert journal.is_finished(7)
    assert fold_finished(journal) == 0
    assert [path.name for path in (tmp_path / "submissions").iterdir()] == ["7.log"]


def test_an_issue_that_is_not_finished_is_not_folded(tmp_path: Path) -> None:
    journal = written(tmp_path, finished=False)
    before = journal.path(7).read_bytes()
    assert fold_finished(journal) == 0
    assert journal.path(7).read_bytes() == before


@pytest.mark.parametrize("point", ["half written", "written", "synced", "replaced"])
def test_a_kill_at_any_step_loses_nothing(point: str, tmp_path: Path) -> None:
    journal = written(tmp_path)
    before = meaning(read(journal.lines(7), "e1"))
    command = (
        "import os, pathlib, sys\n"
        "from newsletter.send import folding\n"
        "from newsletter.send.journal import SubmissionJournal\n"
        "journal = SubmissionJournal(pathlib.Path(sys.argv[1]))\n"
        "def at(passed):\n"
        "    if passed == sys.argv[2]:\n"
        "        os._exit(9)\n"
        "folding.fold_finished(journal, at)\n"
    )
    folder = str(tmp_path / "submissions")
    ended = subprocess.run([sys.executable, "-c", command, folder, point], cwd=ROOT, check=False)
    assert ended.returncode == 9
    assert meaning(read(journal.lines(7), "e1")) == before
    fold_finished(journal)
    assert meaning(read(journal.lines(7), "e1")) == before
    assert [path.name for path in (tmp_path / "submissions").iterdir()] == ["7.log"]


def test_a_full_disk_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = written(tmp_path)
    before = journal.path(7).read_bytes()

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert fold_finished(journal) == 0
    assert journal.path(7).read_bytes() == before


def test_what_another_process_did_before_the_lock_is_kept(tmp_path: Path) -> None:
    """The other process folds the file, or goes on with the issue, once it has been opened."""
    journal = written(tmp_path)
    welcome = replace(CLAIM, seq=51, first=5_001, last=5_002)

    def go_on(passed: str) -> None:
        if passed == "opened":
            other = SubmissionJournal(tmp_path / "submissions", boot="b1")
            other.claim(welcome, [5_001, 5_002])
            other.close()

    assert fold_finished(journal, go_on) == 0
    assert not journal.is_finished(7)
    journal.finish(7, "submitted")

    def fold_and_go_on(passed: str) -> None:
        if passed == "opened":
            other = SubmissionJournal(tmp_path / "submissions", boot="b1")
            assert fold_finished(other) == 1
            other.finish(7, "submitted")

    assert fold_finished(journal, fold_and_go_on) == 0
    assert journal.last_line(7) == "E submitted", "the replaced file was not folded instead"
    known = read(journal.lines(7), "e1", "b1")
    assert known is not None
    assert known.attempts[-1].doubtful() == [5_001]


def test_a_late_answer_reaches_the_folded_file(tmp_path: Path) -> None:
    """A worker that was only stopped still has the file open that was replaced."""
    journal = written(tmp_path, finished=False)
    unknown = replace(CLAIM, seq=51, first=5_001, last=5_002)
    journal.claim(unknown, [5_001, 5_002])
    other = SubmissionJournal(tmp_path / "submissions", boot="b1")
    other.finish(7, "submitted")
    assert fold_finished(other) == 0, "an attempt is under way"
    journal.settle(unknown, "unknown", [])
    other.finish(7, "submitted")
    assert fold_finished(other) == 1
    journal.accept(unknown, 5_001)
    known = read(journal.lines(7), "e1", "b1")
    assert known is not None
    assert known.attempts[-1].reached() == [(5_001, 5_001)]
    assert known.reached == 50 * 99 + 1
    assert not journal.is_finished(7), "the next pass looks at it again"


def test_the_header_of_a_freeze_that_was_not_committed_is_not_that_of_another(
    tmp_path: Path,
) -> None:
    journal = SubmissionJournal(tmp_path / "submissions", boot="b1")
    assert journal.lacks(7, "e1", "f")
    journal.freeze(HEADER)
    assert not journal.lacks(7, "e1", "f")
    assert journal.lacks(7, "e1", "later")
    assert journal.lacks(7, "e2", "f")


def test_a_header_that_a_full_disk_cut_short_blocks_nothing(tmp_path: Path) -> None:
    journal = SubmissionJournal(tmp_path / "submissions", boot="b1")
    journal.freeze(HEADER)
    whole = journal.path(7).read_text("utf-8")
    journal.path(7).write_text(f"{whole[:40]}\n{whole}", "utf-8")
    assert not journal.lacks(7, "e1", "f")
    assert journal.lacks(7, "e1", "later")


def test_a_file_that_another_thread_closes_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two jobs may find the same issue finished while a third one still writes about it."""
    journal = SubmissionJournal(tmp_path / "submissions", boot="b1")
    journal.freeze(HEADER)
    append, begun = _Appender.append, threading.Event()

    def late(appender: _Appender, line: str, begins: str, ends: str) -> int:
        """Append only after the other thread has closed the file."""
        if line.startswith("A ") and not begun.is_set():
            begun.set()
            with ThreadPoolExecutor(1) as other:
                other.submit(journal.finish, 7, "submitted").result()
        return append(appender, line, begins, ends)

    monkeypatch.setattr(_Appender, "append", late)
    journal.accept(CLAIM, 1)
    assert [line[0] for line in journal.lines(7)] == ["I", "E", "A"]
