"""Pauses and holidays: what they skip, where they move a slot, and what staff read about it."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from newsletter.model.agenda import SlotRecord, agenda
from newsletter.model.cadence import Cadence
from newsletter.model.days_off import DaysOff, OnHoliday, Pause
from newsletter.model.publication import Newsletter
from newsletter.model.slot import Ledger, Timing, due, planned, upcoming

SEOUL = ZoneInfo("Asia/Seoul")
CHRISTMAS = {date(2026, 12, 25): "Christmas Day"}
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)
OFF = "none from Fri 11 Dec to Fri 18 Dec (paused from 2026-12-05 to 2026-12-18)"


def timing(cadence: str, on_holiday: OnHoliday, *pauses: str, zone: str = "UTC") -> Timing:
    days_off = DaysOff(tuple(map(Pause.parse, pauses)), CHRISTMAS, on_holiday)
    return Timing(Cadence.parse(cadence), ZoneInfo(zone), days_off=days_off)


def dues(rules: Timing, count: int = 3, since: datetime = DECEMBER) -> list[str]:
    return [f"{slot.due_at:%a %d}" for slot in islice(upcoming(rules, since), count)]


@pytest.mark.parametrize(
    ("cadence", "on_holiday", "pauses", "expected"),
    [
        ("fri 08:00", "skip", (), ["Fri 04", "Fri 11", "Fri 18", "Fri 01"]),
        ("fri 08:00", "before", (), ["Fri 04", "Fri 11", "Fri 18", "Thu 24"]),
        ("fri 08:00", "after", (), ["Fri 04", "Fri 11", "Fri 18", "Sat 26"]),
        (
            "fri 08:00",
            "after",
            ("2026-12-26..2026-12-27",),
            ["Fri 04", "Fri 11", "Fri 18", "Mon 28"],
        ),
        ("fri 08:00", "before", ("2026-12-24",), ["Fri 04", "Fri 11", "Fri 18", "Wed 23"]),
        # The next or the previous slot is as near: two issues a day would help no one.
        ("fri,sat 08:00", "after", ("2026-12-01..2026-12-23",), ["Sat 26", "Fri 01"]),
        ("thu,fri 08:00", "before", ("2026-12-01..2026-12-23",), ["Thu 24", "Thu 31"]),
        (
            "fri 08:00",
            "after",
            ("2026-12-26..2027-02-01",),
            ["Fri 04", "Fri 11", "Fri 18", "Fri 05"],
        ),
    ],
)
def test_a_day_off_skips_or_moves_its_slot(
    cadence: str, on_holiday: OnHoliday, pauses: tuple[str, ...], expected: list[str]
) -> None:
    assert dues(timing(cadence, on_holiday, *pauses), len(expected)) == expected


def test_a_pause_includes_its_first_and_its_last_day_in_the_zone_of_the_newsletter() -> None:
    rules = timing("daily 08:00", "skip", "2026-12-02..2026-12-04", zone="Asia/Seoul")
    off = [slot.nominal for slot in islice(planned(rules, DECEMBER), 5) if slot.off]
    assert off == ["2026-12-02T08:00", "2026-12-03T08:00", "2026-12-04T08:00"]


@pytest.mark.parametrize("on_holiday", ["before", "after"])
def test_a_moved_slot_is_found_until_it_is_due_and_keeps_its_nominal_time(
    on_holiday: OnHoliday,
) -> None:
    rules = timing("fri 08:00", on_holiday, "2026-12-26..2026-12-29", "2026-12-20..2026-12-24")
    moved = next(slot for slot in planned(rules, DECEMBER) if slot.moved)
    assert moved.nominal == "2026-12-25T08:00"
    just_before = moved.due_at - timedelta(seconds=1)
    assert next(upcoming(rules, just_before)) == moved
    assert next(upcoming(rules, moved.due_at)).nominal == "2027-01-01T08:00"


def test_a_slot_that_was_off_is_recorded_with_its_reason_and_never_drafted() -> None:
    rules = timing("fri 08:00", "skip", "2026-12-11")
    now = datetime(2026, 12, 26, tzinfo=UTC)
    decisions = due(rules, Ledger(DECEMBER, {"2026-12-04T08:00", "2026-12-18T08:00"}), now)
    assert [(each.act, each.due.nominal, each.reason) for each in decisions] == [
        ("skipped", "2026-12-11T08:00", "paused on 2026-12-11"),
        ("skipped", "2026-12-25T08:00", "holiday: Christmas Day"),
    ]


def test_a_holiday_that_is_added_later_moves_no_slot_that_has_an_issue() -> None:
    before = Timing(Cadence.parse("fri 08:00"), SEOUL)
    slot = next(
        each for each in upcoming(before, DECEMBER) if each.nominal.startswith("2026-12-25")
    )
    after = timing("fri 08:00", "after", zone="Asia/Seoul")
    decisions = due(after, Ledger(slot.due_at, {slot.nominal}), slot.due_at + timedelta(days=2))
    assert decisions == []


def test_the_agenda_names_what_is_off_moved_and_on_record() -> None:
    newsletter = Newsletter(
        "weekly",
        "Weekly",
        "en",
        ZoneInfo("UTC"),
        Cadence.parse("fri 08:00"),
        days_off=DaysOff((Pause.parse("2026-12-05..2026-12-18"),), CHRISTMAS, "before"),
    )
    records = {"2026-12-04T08:00": SlotRecord("approved"), "2027-01-01T08:00": SlotRecord("draft")}
    found = list(islice(agenda(newsletter, records, DECEMBER, DECEMBER), 3))
    assert [(each.due.nominal, each.state, each.note) for each in found] == [
        ("2026-12-04T08:00", "approved", ""),
        (
            "2026-12-25T08:00",
            "coming",
            f"{OFF}; Christmas Day: moved from Fri 25 Dec to Thu 24 Dec",
        ),
        ("2027-01-01T08:00", "draft", ""),
    ]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "expected days such as"),
        ("christmas", "expected days such as"),
        ("2026-12-24..", "expected days such as"),
        ("2027-01-02..2026-12-24", "the earlier day first"),
        ("2026-12-24..2029-01-02", "a year or less"),
    ],
)
def test_a_bad_pause_is_refused_with_what_was_expected(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Pause.parse(text)
