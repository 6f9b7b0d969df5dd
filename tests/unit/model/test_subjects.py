"""Who gets which of two subjects first."""

from collections import Counter
from datetime import timedelta

import pytest

from newsletter.model.subjects import Arm, SubjectTest, arm_of, read_test

LIST = 40_000


@pytest.mark.parametrize("issue_id", [1, 2, 3, 50, 100_000])
@pytest.mark.parametrize("share", [2, 20, 50, 90])
def test_the_arms_have_the_sizes_that_the_share_asks_for(issue_id: int, share: int) -> None:
    test = SubjectTest("B", share=share)
    sizes = Counter(arm_of(number, issue_id, test) for number in range(1, LIST + 1))
    half = LIST * share / 200
    for arm in (Arm.A, Arm.B):
        # Five standard deviations of a random choice.
        assert abs(sizes[arm] - half) < 5 * half**0.5
    assert sum(sizes.values()) == LIST


def test_subscribers_are_tested_on_independently_of_earlier_issues() -> None:
    test = SubjectTest("B", share=50)
    for later in (2, 3, 4, 17):
        pairs = Counter(
            (arm_of(number, 1, test), arm_of(number, later, test)) for number in range(1, LIST + 1)
        )
        expected = LIST / 16
        for first in (Arm.A, Arm.B):
            for second in (Arm.A, Arm.B):
                assert abs(pairs[first, second] - expected) < 5 * expected**0.5


def test_a_test_is_read_as_people_write_it() -> None:
    assert read_test("B", "30%", "1h30m") == SubjectTest("B", 30, timedelta(minutes=90))
    assert read_test("B", "30", "") == SubjectTest("B", 30, timedelta(hours=4))
    assert read_test("B") == SubjectTest("B", 20, timedelta(hours=4))


@pytest.mark.parametrize(
    ("share", "after"), [("half", ""), ("-2%", ""), ("20%", "soon"), ("٢٠", "")]
)
def test_other_words_are_refused(share: str, after: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        read_test("B", share, after)
