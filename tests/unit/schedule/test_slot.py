"""Slots have one instant each, and a plan that nobody needs to guess."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.cadence import Cadence
from newsletter.model.publication import CatchUp
from newsletter.model.slot import (
    Due,
    Ledger,
    Timing,
    coming,
    due,
    next_free,
    note,
    offset,
    resolve,
)

NEW_YORK = ZoneInfo("America/New_York")
SEOUL = ZoneInfo("Asia/Seoul")
WEEKLY = Cadence.parse("mon 08:00")
DAILY = Cadence.parse("daily 08:00")


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def weekly(lead: str = "0", catch_up: CatchUp = "latest") -> Timing:
    return Timing(WEEKLY, SEOUL, timedelta(hours=int(lead)), timedelta(hours=2), catch_up)


@pytest.mark.parametrize(
    ("nominal", "instant"),
    [
        ("2026-03-08T01:30", "2026-03-08T06:30"),
        ("2026-03-08T02:30", "2026-03-08T07:30"),  # does not exist: 03:30 EDT
        ("2026-11-01T01:30", "2026-11-01T05:30"),  # comes twice: the first, EDT
        ("2026-11-01T02:30", "2026-11-01T07:30"),
    ],
)
def test_a_nominal_time_has_one_instant_on_both_clock_changes(nominal: str, instant: str) -> None:
    assert resolve(wall(nominal), NEW_YORK) == utc(instant)


KIRITIMATI, BAKER = ZoneInfo("Pacific/Kiritimati"), ZoneInfo("Etc/GMT+12")


def by_zone(cadence: str, zone: ZoneInfo = SEOUL, *zones: ZoneInfo) -> Timing:
    return Timing(Cadence.parse(cadence), zone, catch_up="none", zones=(zone, *zones))


def test_with_reader_time_a_slot_lasts_from_the_first_zone_to_the_last() -> None:
    timing = by_zone("mon 08:00", SEOUL, KIRITIMATI, BAKER, NEW_YORK)
    (slot,) = coming(timing, utc("2026-11-25T00:00"), 1)
    assert (slot.nominal, slot.reader_time) == ("2026-11-30T08:00", "2026-11-30T08:00")
    assert (slot.due_at, slot.ends_at) == (utc("2026-11-29T18:00"), utc("2026-11-30T20:00"))
    assert "each reader gets it at 08:00 in their own time zone" in note(slot, SEOUL)
    assert "from Mon 30 Nov 03:00 to Tue 01 Dec 05:00 KST" in note(slot, SEOUL)
    alone = by_zone("mon 08:00")
    (slot,) = coming(alone, utc("2026-11-25T00:00"), 1)
    assert slot.due_at == slot.last_at == utc("2026-11-29T23:00")


@pytest.mark.parametrize(
    ("day", "time", "first", "last"),
    [
        ("2026-03-08", "02:30", "2026-03-07T17:30", "2026-03-08T07:30"),  # 03:30 in New York
        ("2026-11-01", "01:30", "2026-10-31T16:30", "2026-11-01T05:30"),  # the first 01:30
    ],
)
def test_the_clocks_of_each_reader_count(day: str, time: str, first: str, last: str) -> None:
    timing = by_zone(f"daily {time}", SEOUL, NEW_YORK)
    slot = next(
        slot
        for slot in coming(timing, utc(f"{day}T00:00") - timedelta(days=2), 4)
        if slot.nominal[:10] == day
    )
    assert (slot.due_at, slot.ends_at) == (utc(first), utc(last))


@pytest.mark.parametrize(
    ("at", "acts"),
    [
        ("2026-11-29T18:10", ["draft"]),  # on time for the first zone
        ("2026-11-30T19:00", ["draft"]),  # while a zone still waits
        ("2026-11-30T20:10", ["draft"]),
        ("2026-11-30T21:00", ["missed"]),
    ],
)
def test_a_passed_slot_is_on_time_while_a_zone_waits_for_it(at: str, acts: list[str]) -> None:
    timing = by_zone("mon 08:00", SEOUL, KIRITIMATI, BAKER)
    found = due(timing, Ledger(utc("2026-11-25T00:00"), ()), utc(at))
    assert [decision.act for decision in found] == acts


def test_of_two_slots_whose_zones_still_wait_only_the_last_is_drafted() -> None:
    timing = by_zone("daily 08:00", SEOUL, KIRITIMATI, BAKER)
    found = due(timing, Ledger(utc("2026-11-29T00:00"), ()), utc("2026-12-01T19:00"))
    assert [(one.act, one.due.nominal[:10]) for one in found] == [
        ("missed", "2026-11-30"),
        ("missed", "2026-12-01"),
        ("draft", "2026-12-02"),
    ]


def test_the_note_says_what_a_clock_change_does() -> None:
    assert "does not exist that day, the issue is due at 03:30" in note(
        Due.at(wall("2026-03-08T02:30"), NEW_YORK), NEW_YORK
    )
    assert "the first time (UTC-04:00)" in note(
        Due.at(wall("2026-11-01T01:30"), NEW_YORK), NEW_YORK
    )
    assert note(Due.at(wall("2026-11-02T01:30"), NEW_YORK), NEW_YORK) == ""
    assert note(Due.at(wall("2026-03-08T02:30"), SEOUL), SEOUL) == ""


def test_offsets_read_as_people_write_them() -> None:
    now = utc("2026-11-23T00:00")
    assert [offset(now, ZoneInfo(zone)) for zone in ("Asia/Seoul", "America/St_Johns", "UTC")] == [
        "UTC+09:00",
        "UTC-03:30",
        "UTC+00:00",
    ]


def test_a_year_of_daily_slots_over_both_changes_has_no_gap_and_no_repeat() -> None:
    slots = coming(Timing(Cadence.parse("daily 01:30"), NEW_YORK), utc("2026-01-01T00:00"), 365)
    gaps = {later.due_at - earlier.due_at for earlier, later in pairwise(slots)}
    assert len({slot.nominal for slot in slots}) == 365
    assert gaps == {timedelta(hours=23), timedelta(hours=24), timedelta(hours=25)}


def test_a_draft_is_wanted_once_the_lead_begins() -> None:
    ledger = Ledger(utc("2026-11-23T00:00"), frozenset())
    due_at = resolve(wall("2026-11-30T08:00"), SEOUL)
    before = due(weekly(lead="72"), ledger, due_at - timedelta(hours=73))
    after = due(weekly(lead="72"), ledger, due_at - timedelta(hours=72))
    assert before == []
    assert [(one.act, one.due) for one in after] == [("draft", Due("2026-11-30T08:00", due_at))]


def test_a_claimed_slot_wants_nothing_and_the_next_one_waits_its_turn() -> None:
    ledger = Ledger(utc("2026-11-23T00:00"), {"2026-11-30T08:00"})
    assert due(weekly(lead="400"), ledger, utc("2026-11-27T00:00")) == []


def test_nothing_before_the_activation_is_made_up_for() -> None:
    now = utc("2026-11-25T00:00")
    assert due(weekly(), Ledger(now, frozenset()), now + timedelta(seconds=1)) == []


@pytest.mark.parametrize(
    ("catch_up", "drafted", "missed"),
    [
        ("latest", ["2026-11-23T08:00"], ["2026-11-09T08:00", "2026-11-16T08:00"]),
        ("all", ["2026-11-09T08:00", "2026-11-16T08:00", "2026-11-23T08:00"], []),
        ("none", [], ["2026-11-09T08:00", "2026-11-16T08:00", "2026-11-23T08:00"]),
    ],
)
def test_slots_that_passed_while_nothing_ran_follow_the_policy(
    catch_up: CatchUp, drafted: list[str], missed: list[str]
) -> None:
    ledger = Ledger(utc("2026-11-03T00:00"), frozenset())
    decisions = due(weekly(catch_up=catch_up), ledger, utc("2026-11-25T00:00"))
    assert [one.due.nominal for one in decisions if one.act == "draft"] == drafted
    assert [one.due.nominal for one in decisions if one.act == "missed"] == missed
    assert all(one.reason for one in decisions if one.act == "missed")


def test_a_slot_found_within_its_grace_is_drafted_whatever_the_policy() -> None:
    ledger = Ledger(utc("2026-11-20T00:00"), frozenset())
    half_past_nine = utc("2026-11-23T00:30")
    decisions = due(weekly(catch_up="none"), ledger, half_past_nine)
    assert [(one.act, one.due.nominal) for one in decisions] == [("draft", "2026-11-23T08:00")]


def test_an_old_slot_is_not_made_up_for_when_the_next_draft_is_open_already() -> None:
    ledger = Ledger(utc("2026-11-20T00:00"), frozenset())
    decisions = due(weekly(lead="72"), ledger, utc("2026-11-28T00:00"))
    assert [(one.act, one.due.nominal) for one in decisions] == [
        ("missed", "2026-11-23T08:00"),
        ("draft", "2026-11-30T08:00"),
    ]


def test_a_manual_draft_takes_the_next_slot_that_nobody_has() -> None:
    now = utc("2026-11-24T00:00")
    assert next_free(weekly(), Ledger(now, frozenset()), now).nominal == "2026-11-30T08:00"
    taken = Ledger(now, {"2026-11-30T08:00"})
    assert next_free(weekly(), taken, now).nominal == "2026-12-07T08:00"


@given(
    hours=st.integers(0, 24 * 60),
    lead=st.integers(0, 24 * 10),
    taken=st.sets(st.integers(0, 60)),
    catch_up=st.sampled_from(["latest", "all", "none"]),
)
def test_a_plan_is_ordered_never_repeats_and_reaches_one_slot_ahead(
    hours: int, lead: int, taken: set[int], catch_up: CatchUp
) -> None:
    since = utc("2026-09-20T00:00")
    now = since + timedelta(hours=hours)
    everything = coming(Timing(DAILY, NEW_YORK), since, 70)
    held = {everything[index].nominal for index in taken}
    timing = Timing(DAILY, NEW_YORK, timedelta(hours=lead), timedelta(hours=2), catch_up)
    plan = due(timing, Ledger(since, held), now)
    instants = [one.due.due_at for one in plan]
    assert instants == sorted(set(instants))
    assert not held & {one.due.nominal for one in plan}
    assert sum(instant > now for instant in instants) <= 1
    passed = {slot.nominal for slot in everything if slot.due_at <= now} - held
    assert {one.due.nominal for one in plan if one.due.due_at <= now} == passed
