"""Holidays are read from the calendars that exist, and slots are written for the programs that do."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from newsletter.fetch.calendars import CalendarEntry, holidays, write

DAY = "DTSTART;VALUE=DATE:20261225"


def calendar(*lines: str) -> str:
    event = ["BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z", *lines, "END:VEVENT"]
    whole = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Test//EN", *event, "END:VCALENDAR", ""]
    return "\r\n".join(whole)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([DAY], ["2026-12-25"]),
        (
            ["DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261226"],
            ["2026-12-24", "2026-12-25"],
        ),
        ([DAY, "DURATION:P2D"], ["2026-12-25", "2026-12-26"]),
        ([DAY, "DTEND;VALUE=DATE:20261225"], ["2026-12-25"]),
        (
            ["DTSTART;TZID=Asia/Seoul:20261225T000000", "DTEND;TZID=Asia/Seoul:20261226T000000"],
            ["2026-12-25"],
        ),
        (["DTSTART:20261225T220000", "DTEND:20261226T020000"], ["2026-12-25", "2026-12-26"]),
        ([DAY, "RDATE;VALUE=DATE:20261227,20261229"], ["2026-12-25", "2026-12-27", "2026-12-29"]),
        (
            [
                "DTSTART;VALUE=DATE:20251225",
                "RRULE:FREQ=YEARLY;COUNT=3",
                "EXDATE;VALUE=DATE:20261225",
            ],
            ["2025-12-25", "2027-12-25"],
        ),
        (
            ["DTSTART;VALUE=DATE:20251225", "RRULE:FREQ=YEARLY;UNTIL=20261231T235959Z"],
            ["2025-12-25", "2026-12-25"],
        ),
        (
            ["DTSTART;VALUE=DATE:20251127", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH;COUNT=2"],
            ["2025-11-27", "2026-11-26"],
        ),
    ],
)
def test_each_day_of_an_event_is_a_holiday(lines: list[str], expected: list[str]) -> None:
    found = holidays(calendar(*lines, "SUMMARY:A day"))
    assert [str(day) for day in sorted(found)] == expected
    assert set(found.values()) == {"A day"}


def test_an_event_without_a_name_is_a_holiday_and_a_canceled_one_is_not() -> None:
    assert holidays(calendar(DAY)) == {date(2026, 12, 25): "holiday"}
    with pytest.raises(ValueError, match="without events"):
        holidays(calendar(DAY, "STATUS:CANCELLED"))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "without events"),
        ("garbage", "cannot|can be read"),
        (calendar("SUMMARY:No date"), "no valid dates"),
        (calendar("DTSTART;VALUE=DATE:tomorrow"), "can be read"),
        (calendar(DAY, "RRULE:FREQ=SECONDLY"), "repeats within a day"),
        (calendar(DAY, "RRULE:FREQ=FORTNIGHTLY"), "can be read"),
        (calendar(DAY, "DTEND;VALUE=DATE:20991225"), "longer than a year"),
    ],
)
def test_a_broken_calendar_is_refused_in_one_line(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as refused:
        holidays(text)
    assert "\n" not in str(refused.value)


@given(
    st.lists(
        st.sampled_from(
            [DAY, "RRULE:", "RRULE:FREQ=DAILY", "DTEND:x", "DURATION:P", "EXDATE:1", "X"]
        ),
        max_size=4,
    )
)
def test_no_calendar_is_a_crash(lines: list[str]) -> None:
    try:
        assert holidays(calendar(*lines))
    except ValueError as error:
        assert str(error).startswith("is ")  # noqa: PT017 - either is fine, another error is not


def test_a_written_calendar_is_read_back_with_its_instants() -> None:
    begins = datetime(2026, 12, 1, 8, tzinfo=UTC)
    entry = CalendarEntry("2026-12-01T08:00@weekly", "Weekly; brief, coming", begins, "line\nline")
    (event,) = Calendar.from_ical(write("House", [entry], begins)).walk("VEVENT")
    assert event.decoded("DTSTART") == begins
    assert str(event["SUMMARY"]) == "Weekly; brief, coming"
    assert str(event["UID"]) == "2026-12-01T08:00@weekly"
