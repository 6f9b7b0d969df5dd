"""A new sender domain: never more than twice its largest day, and never stuck."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.ramp import DAY, Ramp, Volume, opens_at, room
from tests.fakes.issues import NOW

RAMP = Ramp(first=500, growth=2)


@pytest.mark.parametrize(
    ("volume", "left"),
    [
        (Volume(NOW), 500),
        (Volume(NOW, used=499), 1),
        (Volume(NOW, used=500), 0),
        (Volume(NOW, used=900), 0),
        (Volume(NOW, used=0, most=100), 500),
        (Volume(NOW, used=300, most=800), 1300),
    ],
)
def test_a_day_takes_the_first_number_or_twice_the_largest_day(volume: Volume, left: int) -> None:
    assert room(RAMP, volume) == left


def test_the_next_day_begins_an_hour_early_and_remembers_the_largest() -> None:
    full = Volume(NOW, used=500, most=200)
    assert opens_at(RAMP, full, NOW) == NOW + DAY
    assert full.at(NOW + timedelta(hours=22, minutes=59)) == full
    next_day = NOW + timedelta(hours=23)
    assert full.at(next_day) == Volume(next_day, 0, 500)
    assert opens_at(RAMP, full, next_day) is None


@given(
    st.integers(1, 5000),
    st.integers(2, 5),
    st.lists(st.tuples(st.integers(1, 60), st.integers(1, 1000)), max_size=200),
)
def test_no_day_exceeds_the_growth_by_more_than_one_batch(
    first: int, growth: int, batches: list[tuple[int, int]]
) -> None:
    """Batches come at any hours; whatever is let through is counted day by day."""
    ramp, now, volume, largest = Ramp(first, growth), NOW, Volume(NOW), 0
    for hours, people in batches:
        now += timedelta(hours=hours)
        present = volume.at(now)
        if present.began_at != volume.began_at:
            largest = max(largest, volume.used)
        before = present.used
        if room(ramp, present):
            assert before < max(first, growth * largest)
            volume = present.after(people)
        else:
            assert opens_at(ramp, present, now) == present.began_at + DAY
            volume = present
