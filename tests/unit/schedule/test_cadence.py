"""Cadences read as people write them, and walk without gaps."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice

import pytest
from apscheduler.triggers.cron import CronTrigger
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
            "every 2 weeks on tue 10:00 from 2026-12-01",
            ["Tue 2026-12-01 10:00", "Tue 2026-12-15 10:00", "Tue 2026-12-29 10:00"],
        ),
        (
            "every 2 weeks on mon,thu 10:00 from 2026-12-02",  # the Monday of that week is earlier
            ["Thu 2026-12-03 10:00", "Mon 2026-12-14 10:00", "Thu 2026-12-17 10:00"],
        ),
        (
            "every 3 weeks 10:00 from 2020-01-01",
            ["Wed 2026-11-25 10:00", "Wed 2026-12-16 10:00", "Wed 2027-01-06 10:00"],
        ),
        (
            "every 10 days 09:00 from 2026-12-01",
            ["Tue 2026-12-01 09:00", "Fri 2026-12-11 09:00", "Mon 2026-12-21 09:00"],
        ),
        (
            "every 2 months on last weekday 17:00 from 2026-12-15",
            ["Thu 2026-12-31 17:00", "Fri 2027-02-26 17:00", "Fri 2027-04-30 17:00"],
        ),
        (
            "every 5 months 09:00 from 2025-12-15",
            ["Mon 2027-03-15 09:00", "Sun 2027-08-15 09:00", "Sat 2028-01-15 09:00"],
        ),
        (
            "last weekday 17:00",
            ["Mon 2026-11-30 17:00", "Thu 2026-12-31 17:00", "Fri 2027-01-29 17:00"],
        ),
        ("15th 09:00", ["Tue 2026-12-15 09:00", "Fri 2027-01-15 09:00", "Mon 2027-02-15 09:00"]),
        (
            "1st,15th 09:00",
            ["Tue 2026-12-01 09:00", "Tue 2026-12-15 09:00", "Fri 2027-01-01 09:00"],
        ),
        (
            "last day 17:00",
            ["Mon 2026-11-30 17:00", "Thu 2026-12-31 17:00", "Sun 2027-01-31 17:00"],
        ),
        ("31st 09:00", ["Thu 2026-12-31 09:00", "Sun 2027-01-31 09:00", "Wed 2027-03-31 09:00"]),
        (
            "1st mon of jan, apr, jul, oct 09:00",
            ["Mon 2027-01-04 09:00", "Mon 2027-04-05 09:00", "Mon 2027-07-05 09:00"],
        ),
        (
            "15th of november-january 09:00",
            ["Tue 2026-12-15 09:00", "Fri 2027-01-15 09:00", "Mon 2027-11-15 09:00"],
        ),
        ("weekdays 7:00", ["Tue 2026-11-24 07:00", "Wed 2026-11-25 07:00", "Thu 2026-11-26 07:00"]),
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
        ("moonday 08:00", '"moonday" is not a day of the week'),
        ("mon 24:00", '"24:00" is not a time of day'),
        ("mon 8", '"8" is not a time of day'),
        ("6th mon 08:00", '"6th" is none of 1st, 2nd'),
        ("0 8 * * 1", "write the weekday 1 by its name"),
        ("0 8 * * 0", "write the weekday 0 by its name"),
        ("0 8 30 2 *", "no such day ever comes"),
        ("0 8 1 * mon", "exclude each other"),
        ("60 8 * * *", "not within 0-59"),
        ("0 8-6 * * *", "not within 0-23"),
        ("*/0 8 * * *", '"*/0" is not a number'),
        ("every day at noon please", '"every" is not a number'),
        ("every 2 weeks on tue 10:00", "the date from which"),
        ("every 2 weeks on tue 10:00 from soon", '"soon" is not a date'),
        ("every 2 weeks on tue 10:00 from 9999-12-31", "too far ahead"),
        ("every 0 weeks on tue 10:00 from 2026-12-01", "expected 1 to 99"),
        ("every 2 years on tue 10:00 from 2026-12-01", "days, weeks or months"),
        ("every 2 weeks on 1st mon 10:00 from 2026-12-01", "exclude each other"),
        ("every 2 days on tue 10:00 from 2026-12-01", "counts days"),
        ("every 12 months on 30th 10:00 from 2026-02-01", "no such day ever comes"),
        ("every 2 weeks on daily 10:00 from 2026-12-01", '"daily" is not a day of the week'),
        ("mon 08:00 from 2026-12-01", '"from" belongs to "every"'),
        ("30th of feb 08:00", "no such day ever comes"),
        ("32nd 08:00", '"32nd" is not a day of the week'),
        ("15th of smarch 08:00", '"smarch" is not a month'),
        ("1st mon of jan apr 08:00", 'one word after "of"'),
        ("of jan 08:00", "expected such as"),
        ("from 2026-12-01", '"from" belongs'),
    ],
)
def test_a_bad_cadence_is_refused_with_what_was_expected(text: str, complaint: str) -> None:
    with pytest.raises(CadenceError, match="is not a cadence") as refused:
        Cadence.parse(text)
    assert complaint in str(refused.value)
    assert '"mon 08:00"' in str(refused.value)


SPOKEN_AND_CRON = [
    ("daily 07:30", {}, "07:30"),
    ("mon,thu 08:00", {"day_of_week": "mon,thu"}, "08:00"),
    ("mon-fri of jan-mar 08:00", {"day_of_week": "mon-fri", "month": "jan-mar"}, "08:00"),
    ("15th 09:00", {"day": "15"}, "09:00"),
    ("31st 09:00", {"day": "31"}, "09:00"),
    ("29th of feb 09:00", {"day": "29", "month": "2"}, "09:00"),
    ("last day 17:00", {"day": "last"}, "17:00"),
    ("1st mon of jan,apr,jul,oct 09:00", {"day": "1st mon", "month": "1,4,7,10"}, "09:00"),
    ("last fri 17:00", {"day": "last fri"}, "17:00"),
    ("5th wed 17:00", {"day": "5th wed"}, "17:00"),
    ("0 9 1-7 */2 *", {"day": "1-7", "month": "*/2"}, "09:00"),
]


@given(
    after=st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001
    case=st.sampled_from(SPOKEN_AND_CRON),
)
def test_the_scheduler_finds_the_same_times(
    after: datetime, case: tuple[str, dict[str, str], str]
) -> None:
    text, fields, clock = case
    hour, minute = clock.split(":")
    trigger = CronTrigger(hour=hour, minute=minute, timezone=UTC, **fields)
    fired = [(after + timedelta(microseconds=1)).replace(tzinfo=UTC)]
    for _ in range(4):
        fired.append(trigger.get_next_fire_time(None, fired[-1] + timedelta(microseconds=1)))
    found = islice(Cadence.parse(text).nominals(after), 4)
    assert list(found) == [moment.replace(tzinfo=None) for moment in fired[1:]]


@given(
    after=st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),  # noqa: DTZ001
    since=st.dates(date(2019, 1, 1), date(2041, 1, 1)),
    count=st.integers(1, 99),
    unit=st.sampled_from(["days", "weeks on mon,sun", "months on 2nd tue", "months on 31st"]),
)
def test_an_interval_counts_the_same_from_wherever_the_walk_begins(
    after: datetime, since: date, count: int, unit: str
) -> None:
    try:
        cadence = Cadence.parse(f"every {count} {unit} 08:00 from {since}")
    except CadenceError as error:
        assert "no such day ever comes" in str(error)  # noqa: PT017 - every 12 months on the 31st
        return
    beginning = datetime.combine(since, time()) - timedelta(days=1)
    whole = cadence.nominals(beginning)
    assert next(cadence.nominals(after)) == next(one for one in whole if one > after)


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


def test_a_step_after_a_number_goes_on_to_the_end() -> None:
    assert Cadence.parse("5/15 8 * * *").times == tuple(
        time(8, minute) for minute in (5, 20, 35, 50)
    )
