"""Cadences read as people write them, and walk without gaps."""

from datetime import datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.cadence import Cadence, CadenceError

MONDAY = datetime(2026, 11, 23, 8, 0)  # noqa: DTZ001 - nominal times are local wall times


def next_three(text: str, after: datetime = MONDAY) -> list[str]:
    found = islice(Cadence.parse(text).nominals(after), 3)
    return [f"{nominal:%a %Y-%m-%d %H:%M}" for nominal in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mon 08:00", ["Mon 2026-11-30 08:00", "Mon 2026-12-07 08:00", "Mon 2026-12-14 08:00"]),
        ("daily 07:30", ["Tue 2026-11-24 07:30", "Wed 2026-11-25 07:30", "Thu 2026-11-26 07:30"]),
        ("mon,thu 08:00", ["Thu 2026-11-26 08:00", "Mon 2026-11-30 08:00", "Thu 2026-12-03 08:00"]),
        ("sat-mon 7:05", ["Sat 2026-11-28 07:05", "Sun 2026-11-29 07:05", "Mon 2026-11-30 07:05"]),
        ("1st mon 09:00", ["Mon 2026-12-07 09:00", "Mon 2027-01-04 09:00", "Mon 2027-02-01 09:00"]),
        (
            "last fri 17:00",
            ["Fri 2026-11-27 17:00", "Fri 2026-12-25 17:00", "Fri 2027-01-29 17:00"],
        ),
        (
            "1st,3rd tue 06:00",
            ["Tue 2026-12-01 06:00", "Tue 2026-12-15 06:00", "Tue 2027-01-05 06:00"],
        ),
        (
            "daily 08:00,18:00",
            ["Mon 2026-11-23 18:00", "Tue 2026-11-24 08:00", "Tue 2026-11-24 18:00"],
        ),
        ("0 8 * * mon", ["Mon 2026-11-30 08:00", "Mon 2026-12-07 08:00", "Mon 2026-12-14 08:00"]),
        ("30 6 1 * *", ["Tue 2026-12-01 06:30", "Fri 2027-01-01 06:30", "Mon 2027-02-01 06:30"]),
        ("0 9 29 2 *", ["Tue 2028-02-29 09:00", "Sun 2032-02-29 09:00", "Fri 2036-02-29 09:00"]),
        (
            "*/30 9 * jan,jul *",
            ["Fri 2027-01-01 09:00", "Fri 2027-01-01 09:30", "Sat 2027-01-02 09:00"],
        ),
        (
            "  Monday   08:00 ",
            ["Mon 2026-11-30 08:00", "Mon 2026-12-07 08:00", "Mon 2026-12-14 08:00"],
        ),
    ],
)
def test_a_cadence_is_read_as_people_write_it(text: str, expected: list[str]) -> None:
    assert next_three(text) == expected


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected such as"),
        ("monday", "expected such as"),
        ("moonday 08:00", '"moonday" is no day of the week'),
        ("mon 24:00", '"24:00" is no time of day'),
        ("mon 8", '"8" is no time of day'),
        ("6th mon 08:00", '"6th" is none of 1st, 2nd'),
        ("0 8 * * 1", "write the weekday 1 by its name"),
        ("0 8 * * 0", "write the weekday 0 by its name"),
        ("0 8 30 2 *", "no such day ever comes"),
        ("0 8 1 * mon", "exclude each other"),
        ("60 8 * * *", "not within 0-59"),
        ("0 8-6 * * *", "not within 0-23"),
        ("*/0 8 * * *", '"*/0" is no number'),
        ("every day at noon please", '"every" is no number'),
    ],
)
def test_a_bad_cadence_is_refused_with_what_was_expected(text: str, complaint: str) -> None:
    with pytest.raises(CadenceError, match="is no cadence") as refused:
        Cadence.parse(text)
    assert complaint in str(refused.value)
    assert '"mon 08:00"' in str(refused.value)


@given(
    after=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),  # noqa: DTZ001
    text=st.sampled_from(["mon 08:00", "daily 00:00", "last sun 23:59", "5th fri 12:00"]),
)
def test_nominals_are_strictly_later_and_strictly_rising(after: datetime, text: str) -> None:
    found = list(islice(Cadence.parse(text).nominals(after), 5))
    assert all(earlier < later for earlier, later in zip([after, *found], found, strict=False))


def test_no_nominal_is_left_out_between_two_walks() -> None:
    cadence = Cadence.parse("mon,thu 08:00")
    walked = list(islice(cadence.nominals(MONDAY), 20))
    for index, nominal in enumerate(walked[:-1]):
        assert next(cadence.nominals(nominal)) == walked[index + 1]
        assert next(cadence.nominals(nominal - timedelta(minutes=1))) == nominal
