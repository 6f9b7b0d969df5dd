"""The pure rules of sending: who pauses, how batches are cut, what an answer makes of a batch."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.esp.port import Outcome, Verdict
from newsletter.model.batch import Claim, attempt_id, batch_id, read_attempt, read_batch
from newsletter.model.delivery import advance, delivery_id, read_delivery
from newsletter.model.quiet import Quiet
from newsletter.model.row_number import LARGEST_ID
from newsletter.model.states import BatchState, DeliveryState
from newsletter.send.attempt import judged
from newsletter.send.audience import lay_out
from newsletter.send.brake import Reputation, verdict
from newsletter.send.claimable import is_quiet
from newsletter.send.headers import ascii_only, feedback_id, list_id
from newsletter.store.sending.deliveries import Range
from tests.fakes.issues import NOW, PUBLICATION, WEEKLY

CLAIM = Claim(7, 1, 1, "weekly", 3, "sendgrid", "w", 1, 5, 0, NOW)


@pytest.mark.parametrize(
    ("seen", "pauses"),
    [
        (Reputation(10_000), False),
        (Reputation(10_000, complained=9), False),
        (Reputation(10_000, complained=10), True),
        (Reputation(100, complained=2), False),
        (Reputation(100, complained=3), True),
        (Reputation(10_000, bounced=199), False),
        (Reputation(10_000, bounced=200), True),
        (Reputation(50, bounced=9), False),
        (Reputation(0, failures=4), False),
        (Reputation(0, failures=5), True),
        (Reputation(0, refusals=19), False),
        (Reputation(0, refusals=20), True),
    ],
)
def test_the_brake_has_a_rate_and_a_least_number(seen: Reputation, pauses: bool) -> None:
    assert bool(verdict(seen)) is pauses


@given(
    st.lists(st.integers(1, 40), max_size=6),
    st.integers(1, 12),
    st.integers(0, 600),
)
def test_batches_cover_every_delivery_once_in_order(
    sizes: list[int], size: int, minutes: int
) -> None:
    ranges, at = [], 1
    for edition, people in enumerate(sizes, 1):
        ranges.append(Range(edition, at, at + people - 1))
        at += people
    laid = lay_out(ranges, size, begin=NOW, spread=timedelta(minutes=minutes))
    covered = [number for one in laid for number in range(one.first, one.last + 1)]
    assert covered == list(range(1, at))
    assert [one.seq for one in laid] == list(range(1, len(laid) + 1))
    assert all(one.people <= size for one in laid)
    by_edition = {each.edition_id: (each.first, each.last) for each in ranges}
    for one in laid:
        first, last = by_edition[one.edition_id]
        assert first <= one.first <= one.last <= last
    if minutes and laid:
        leave = [one.not_before or NOW for one in laid]
        assert leave == sorted(leave)
        assert leave[0] == NOW
        assert leave[-1] < NOW + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("outcome", "rejections", "state"),
    [
        (Outcome(Verdict.ACCEPTED), 0, BatchState.ACCEPTED),
        (Outcome(Verdict.UNSENT), 0, BatchState.PREPARED),
        (Outcome(Verdict.UNKNOWN), 0, BatchState.UNKNOWN),
        (Outcome(Verdict.REFUSED), 0, BatchState.PREPARED),
        (Outcome(Verdict.REFUSED), 2, BatchState.PREPARED),
        (Outcome(Verdict.REFUSED), 3, BatchState.REFUSED),
        (Outcome(Verdict.REFUSED, refused={"7-1": "x"}), 0, BatchState.PREPARED),
        (Outcome(Verdict.REFUSED, refused={"7-1": "x"}), 1, BatchState.REFUSED),
    ],
)
def test_what_an_answer_makes_of_a_batch(
    outcome: Outcome, rejections: int, state: BatchState
) -> None:
    assert judged(replace(CLAIM, rejections=rejections), outcome, NOW).state is state


@pytest.mark.parametrize(
    ("outcome", "last", "cut"),
    [
        (Outcome(Verdict.REFUSED), 5, 4),
        (Outcome(Verdict.REFUSED), 4, 3),
        (Outcome(Verdict.REFUSED), 2, 2),
        (Outcome(Verdict.REFUSED), 1, None),
        (Outcome(Verdict.REFUSED, refused={"7-1": "x"}), 5, None),
        (Outcome(Verdict.UNKNOWN), 5, None),
        (Outcome(Verdict.UNKNOWN, unsent=("7-5", "7-4")), 5, 4),
        (Outcome(Verdict.UNKNOWN, unsent=("7-1",)), 1, None),
        (Outcome(Verdict.UNSENT), 5, None),
    ],
)
def test_where_an_answer_cuts_a_batch(outcome: Outcome, last: int, cut: int | None) -> None:
    result = judged(replace(CLAIM, last=last), outcome, NOW)
    assert result.cut == cut
    assert result.halved is (outcome.verdict is Verdict.REFUSED and cut is not None)


@given(st.integers(1, LARGEST_ID), st.integers(1, LARGEST_ID), st.integers(1, 10**8))
def test_ids_are_read_as_they_were_written(issue: int, seq: int, attempt: int) -> None:
    assert read_batch(batch_id(issue, seq)) == (issue, seq)
    assert read_attempt(attempt_id(batch_id(issue, seq), attempt)) == (issue, seq, attempt)
    assert read_delivery(delivery_id(issue, seq)) == (issue, seq)


@given(st.text(max_size=20))
def test_no_text_from_outside_breaks_the_reading_of_ids(text: str) -> None:
    for read in (read_batch, read_attempt, read_delivery):
        read(text)
    assert read_attempt("1.2:3\n") is None
    assert read_attempt("0.2:3") is None
    assert read_attempt("\uff11.2:3") is None


@given(st.lists(st.sampled_from(DeliveryState), max_size=6), st.randoms())
def test_delivery_states_move_by_rank_whatever_the_order(
    seen: list[DeliveryState],
    random: object,
) -> None:
    def last(order: list[DeliveryState]) -> DeliveryState:
        state = DeliveryState.PENDING
        for one in order:
            state = advance(state, one)
        return state

    shuffled = list(seen)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert last(seen) == last(shuffled)


@pytest.mark.parametrize(
    ("hours", "at", "quiet"),
    [
        ("22:00-07:00", "21:59", False),
        ("22:00-07:00", "22:00", True),
        ("22:00-07:00", "03:00", True),
        ("22:00-07:00", "07:00", False),
        ("12:00 - 13:30", "12:30", True),
        ("12:00–13:30", "13:30", False),
        ("", "03:00", False),
    ],
)
def test_quiet_hours_are_local_and_may_span_midnight(hours: str, at: str, quiet: bool) -> None:
    local = datetime.combine(NOW, time.fromisoformat(at), ZoneInfo("Asia/Seoul"))
    assert is_quiet(replace(WEEKLY, quiet=hours), local.astimezone(UTC)) is quiet


@pytest.mark.parametrize("hours", ["22-7", "22:00", "25:00-07:00", "07:00-07:00", "night"])
def test_quiet_hours_that_cannot_be_read_say_what_was_expected(hours: str) -> None:
    with pytest.raises(ValueError, match="22:00-07:00"):
        Quiet.parse(hours)


def test_a_feedback_id_says_nothing_about_the_recipient() -> None:
    assert feedback_id(PUBLICATION, WEEKLY, 7, "regular") == "7:regular:weekly:exampleorg"


def test_a_list_id_cannot_break_out_of_its_quotation_marks() -> None:
    evil = replace(WEEKLY, title='The "Brief"\r\nBcc: <x@y.z>', key="weekly")
    assert list_id(PUBLICATION, evil) == '"The BriefBcc: <x@y.z>" <weekly.example.org>'


@given(st.text(min_size=1, max_size=30))
def test_any_key_becomes_a_word_of_ascii(key: str) -> None:
    assert ascii_only(key).isascii()
    assert ascii_only(key)
