"""What the lines of the journal of submissions say about who got an email."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.batch import Claim, Span
from newsletter.send.journal import FrozenIssue, SubmissionJournal
from newsletter.send.submitted import (
    Attempts,
    JournaledAttempt,
    JournaledIssue,
    Ranges,
    merged,
    read,
)
from tests.fakes.issues import NOW

HEADER = FrozenIssue("e1", 7, "weekly", "regular", "2026-11-23T08:00", "d", "Ports", "f", 10)

SPANS = st.tuples(st.integers(1, 30), st.integers(0, 9)).map(lambda at: (at[0], at[0] + at[1]))


def frozen(**changes: object) -> str:
    return f"I {json.dumps(asdict(HEADER) | changes)}"


def journaled(*lines: str) -> JournaledIssue:
    known = read([frozen(), *lines], "e1")
    assert known is not None
    return known


def test_a_journal_of_another_database_says_nothing() -> None:
    assert read([frozen(), "C 1 1 1 10 smtp -"], "e2") is None
    assert read([frozen(), "C 1 1 1 10 smtp -", frozen(epoch="e2")], "e1") is None
    known = read([frozen(epoch="e2"), "C 1 1 1 10 smtp -", frozen()], "e1")
    assert known is not None
    assert not known.was_submitted


@pytest.mark.parametrize(
    ("outcome", "submitted", "reached"),
    [
        ("", True, 0),
        ("R 1 1 accepted -", True, 10),
        ("R 1 1 accepted 3,4", True, 8),
        ("R 1 1 unsent -", False, 0),
        ("R 1 1 refused -", False, 0),
        ("R 1 1 unknown -", True, 0),
        ("A 1 1 1\nA 1 1 2\nR 1 1 unsent -", True, 2),
    ],
)
def test_an_outcome_says_whether_anyone_may_have_the_email(
    outcome: str, submitted: bool, reached: int
) -> None:
    known = journaled("C 1 1 1 10 sendgrid -", *outcome.split("\n"))
    assert (known.was_submitted, known.reached) == (submitted, reached)


def test_one_message_is_in_doubt_if_the_provider_answers_each() -> None:
    (attempt,) = journaled("C 1 1 1 10 smtp 2", "A 1 1 1", "N 1 1 3", "A 1 1 4").attempts
    assert attempt.doubtful() == [5]
    assert attempt.reached() == [(1, 1), (4, 4)]


@pytest.mark.parametrize(
    ("claim", "doubtful"),
    [
        ("C 1 1 1 4 smtp - b1", [2]),
        ("C 1 1 1 4 smtp - b0", [2, 3, 4]),
        ("C 1 1 1 4 smtp - ?", [2, 3, 4]),
    ],
)
def test_after_another_boot_answers_may_be_lost(claim: str, doubtful: list[int]) -> None:
    """Answers to single messages survive the end of the process, but not the loss of power."""
    for boot, expected in (("b1", doubtful), ("?", [2, 3, 4])):
        known = read([frozen(), claim, "A 1 1 1"], "e1", boot)
        assert known is not None
        assert known.attempts[0].doubtful() == expected
    settled = read([frozen(), claim, "A 1 1 1", "R 1 1 unknown -"], "e1", "b2")
    assert settled is not None
    assert settled.attempts[0].doubtful() == [2], "an outcome is on the disk, with all before it"


def test_a_whole_call_is_in_doubt_if_the_provider_answers_once() -> None:
    (attempt,) = journaled("C 1 1 1 4 sendgrid 2").attempts
    assert attempt.doubtful() == [1, 3, 4]


@pytest.mark.parametrize("outcome", ["accepted", "unsent", "refused"])
def test_nothing_is_in_doubt_after_a_clear_outcome(outcome: str) -> None:
    (attempt,) = journaled("C 1 1 1 4 sendgrid -", f"R 1 1 {outcome} -").attempts
    assert attempt.doubtful() == []


@pytest.mark.parametrize(
    "broken",
    ["C 1 1", "A 1 1", "R 9 9 accepted -", "X 1 1", "", "A x y z", "A 1 1 2 3 \x00", "I {"],
)
def test_a_line_that_cannot_be_read_is_skipped(broken: str) -> None:
    known = journaled("C 1 1 1 4 smtp -", broken, "A 1 1 1")
    assert known.attempts[0].accepted >= {1}


def test_ranges_are_merged_and_searched() -> None:
    assert merged([(5, 6), (1, 2), (3, 3), (6, 9)]) == [(1, 3), (5, 9)]
    found = Ranges([(5, 6), (1, 2)])
    assert [number for number in range(9) if number in found] == [1, 2, 5, 6]
    spans = [(1, 1), (2, 4), (3, 4), (6, 9), (7, 9)]
    assert [span for span in spans if found.overlap(span)] == [(1, 1), (2, 4), (6, 9)]


@given(st.lists(SPANS), SPANS)
def test_attempts_are_found_by_their_deliveries(spans: list[Span], wanted: Span) -> None:
    attempts = [JournaledAttempt(seq, 1, span, "smtp") for seq, span in enumerate(spans)]
    overlapping = Attempts(attempts).overlapping(wanted)
    expected = [
        each for each in attempts if each.span[0] <= wanted[1] and wanted[0] <= each.span[1]
    ]
    assert sorted(each.seq for each in overlapping) == [each.seq for each in expected]


def test_claims_and_outcomes_are_synced_and_cover_the_answers_before_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An fsync per message would limit a connection to a few hundred messages per second."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    journal = SubmissionJournal(tmp_path / "submissions", boot="b1")
    claim = Claim(7, 1, 1, "weekly", 1, "smtp", "host:1", 1, 3, 0, NOW)
    journal.claim(claim, [1, 2, 3])
    for delivery in (1, 2):
        journal.accept(claim, delivery)
    journal.decline(claim, 3)
    assert (len(synced), len(list(journal.lines(7)))) == (1, 4)
    journal.settle(claim, "accepted", [3], durable=False)
    assert len(synced) == 1
    journal.claim(replace(claim, seq=2), [1, 2, 3])
    journal.settle(replace(claim, seq=2), "unknown", [])
    assert len(synced) == 3
    assert next(journal.lines(7)) == "C 1 1 1 3 smtp - b1"
    journal.close()
