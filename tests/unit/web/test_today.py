"""The sentences of the first page: when an issue goes out, and when the next one is drafted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from newsletter.model.actor import Actor
from newsletter.model.departure import departure
from newsletter.model.issue import Issue
from newsletter.model.slot import Timing, free, next_draft
from newsletter.model.states import IssueState
from newsletter.render.catalog import open_catalogs
from newsletter.web.desk import sentences
from newsletter.web.desk.today import no_issue
from tests.fakes import manuscripts

DUE = datetime(2026, 11, 29, 23, 0, tzinfo=UTC)
"""Monday 08:00 in Seoul, the zone of the newsletter."""
FRIDAY = DUE - timedelta(days=3)
WEEKLY = replace(
    manuscripts.newsletter(),
    lead=timedelta(days=3),
    undo=timedelta(minutes=10),
    approve_by=timedelta(hours=1),
)
ENGLISH, KOREAN = (open_catalogs(None).of(language) for language in ("en", "ko"))
TAKEN = frozenset({"2026-11-30T08:00"})


def issue(state: IssueState = IssueState.REVIEW, **changes: object) -> Issue:
    made = replace(manuscripts.issue(), state=state, due_at=DUE, approved_at=None, leaves_at=None)
    return replace(made, **changes)


@pytest.mark.parametrize(
    ("taken", "now", "sentence"),
    [
        (
            frozenset(),
            FRIDAY - timedelta(days=1),
            (
                "The next one will be drafted Friday 27 November 2026 at 08:00 KST"
                " and is due Monday 30 November 2026 at 08:00 KST."
            ),
        ),
        (
            frozenset(),
            FRIDAY + timedelta(days=1),
            "The next pass drafts the one that is due Monday 30 November 2026 at 08:00 KST.",
        ),
        (
            TAKEN,
            FRIDAY + timedelta(days=1),
            (
                "The next one will be drafted Friday 4 December 2026 at 08:00 KST"
                " and is due Monday 7 December 2026 at 08:00 KST."
            ),
        ),
    ],
    ids=["before the lead", "after the lead began", "the slot has an issue"],
)
def test_the_next_draft_is_never_in_the_past(
    taken: frozenset[str], now: datetime, sentence: str
) -> None:
    assert no_issue(WEEKLY, taken, now, ENGLISH) == f"No issue is open. {sentence}"


def test_a_draft_waits_for_the_slot_in_front_of_it() -> None:
    """With a lead longer than the cadence, one issue is drafted at a time."""
    patient = replace(Timing.of(WEEKLY), lead=timedelta(days=20))
    slot, begins = next_draft(patient, TAKEN, FRIDAY)
    assert slot.due_at == DUE + timedelta(days=7)
    assert begins == DUE


def test_a_slot_that_has_an_issue_is_not_ahead() -> None:
    ahead = free(Timing.of(WEEKLY), TAKEN, FRIDAY)
    assert next(ahead).due_at == DUE + timedelta(days=7)


def test_the_desk_says_the_departure_that_the_pass_uses() -> None:
    """An approval nine minutes before the slot waits for the end of the undo window."""
    approved = issue(
        IssueState.APPROVED,
        approved_at=DUE - timedelta(minutes=1),
        approved_by=Actor.person("mina"),
    )
    assert departure(approved, WEEKLY) == DUE + timedelta(minutes=9)
    said = sentences.outlook(approved, WEEKLY, DUE - timedelta(minutes=1), ENGLISH).text
    assert said.startswith("Goes out Monday 30 November 2026 at 08:09 KST, in 10 minutes.")


@pytest.mark.parametrize(
    ("now", "sentence"),
    [
        (
            DUE - timedelta(hours=46),
            (
                "Goes out Monday 30 November 2026 at 08:00 KST, in 1 day 22 hours,"
                " if someone approves it by 07:00."
            ),
        ),
        (
            DUE - timedelta(minutes=4),
            (
                "Goes out Monday 30 November 2026 at 08:06 KST, in 10 minutes,"
                " if someone approves it now."
            ),
        ),
        (
            DUE + timedelta(hours=2),
            (
                "Was due Monday 30 November 2026 at 08:00 KST, 2 hours ago,"
                " and is waiting for approval."
            ),
        ),
    ],
)
def test_an_unapproved_issue_says_what_it_waits_for(now: datetime, sentence: str) -> None:
    assert sentences.outlook(issue(), WEEKLY, now, ENGLISH).text == sentence


def test_an_approved_issue_whose_time_has_come_goes_out_with_the_next_pass() -> None:
    approved = issue(IssueState.APPROVED, approved_at=FRIDAY, approved_by=Actor.person("mina"))
    said = sentences.outlook(approved, WEEKLY, DUE, ENGLISH).text
    assert said.startswith("Goes out with the next pass. Approved by ")


def test_a_recorded_reason_stays_in_english_beside_a_translated_sentence() -> None:
    paused = issue(IssueState.PAUSED, reason="too many bounces")
    in_english = sentences.outlook(paused, WEEKLY, FRIDAY, ENGLISH)
    assert f"{in_english.text} {in_english.english}" == (
        "Due Monday 30 November 2026 at 08:00 KST; paused: too many bounces."
    )
    assert sentences.outlook(paused, WEEKLY, FRIDAY, KOREAN) == sentences.StatusSentence(
        "2026년 11월 30일 월요일 08:00 KST 예정, 중지됨:", "too many bounces."
    )
