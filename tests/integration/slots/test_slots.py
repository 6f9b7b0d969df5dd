"""Slots on both databases: claimed once, whoever comes at once and whatever the clocks do."""

import random
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from newsletter.model.cadence import Cadence
from newsletter.model.slot import Due, Ledger, Timing, coming, due
from newsletter.store.content import slots
from newsletter.store.tables import slots as table

NEW_YORK = ZoneInfo("America/New_York")
NEW_YEAR = datetime(2026, 1, 1, 5, tzinfo=UTC)
WEEKLY = Timing(Cadence.parse("mon 08:00"), NEW_YORK, timedelta(days=3))
SLOT = Due("2026-01-05T08:00", datetime(2026, 1, 5, 13, tzinfo=UTC))


def test_a_slot_is_claimed_once(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        first = slots.claim(connection, "weekly", SLOT.nominal, SLOT.due_at, NEW_YEAR)
        second = slots.claim(connection, "weekly", SLOT.nominal, SLOT.due_at, NEW_YEAR)
        other = slots.claim(connection, "daily", SLOT.nominal, SLOT.due_at, NEW_YEAR)
    assert first is not None
    assert second is None
    assert other is not None


def test_a_claim_that_is_rolled_back_leaves_the_slot_free(engine: sa.Engine) -> None:
    with engine.connect() as connection, connection.begin() as transaction:
        slots.claim(connection, "weekly", SLOT.nominal, SLOT.due_at, NEW_YEAR)
        transaction.rollback()
    with engine.begin() as connection:
        assert slots.claim(connection, "weekly", SLOT.nominal, SLOT.due_at, NEW_YEAR) is not None


def test_a_missed_slot_stays_on_record_and_cannot_be_claimed(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        record = partial(slots.record, state="missed", reason="nothing was running")
        assert record(connection, "weekly", SLOT, NEW_YEAR)
        assert not record(connection, "weekly", SLOT, NEW_YEAR)
        assert slots.claim(connection, "weekly", SLOT.nominal, SLOT.due_at, NEW_YEAR) is None


def test_the_ledger_remembers_when_a_newsletter_began(engine: sa.Engine) -> None:
    later = NEW_YEAR + timedelta(days=9)
    with engine.begin() as connection:
        assert slots.ledger(connection, "weekly", WEEKLY, NEW_YEAR) == Ledger(NEW_YEAR, frozenset())
        slots.claim(connection, "weekly", SLOT.nominal, SLOT.due_at, NEW_YEAR)
        found = slots.ledger(connection, "weekly", WEEKLY, later)
        settled = slots.ledger(connection, "weekly", WEEKLY, NEW_YEAR + timedelta(days=30))
    assert found == Ledger(NEW_YEAR, frozenset({SLOT.nominal}))
    assert settled == Ledger(SLOT.due_at, frozenset({SLOT.nominal}))


def test_a_changed_cadence_counts_from_the_change(engine: sa.Engine) -> None:
    wednesday = datetime(2026, 1, 7, 12, tzinfo=UTC)
    tuesdays = Timing(Cadence.parse("tue 08:00"), NEW_YORK)
    with engine.begin() as connection:
        slots.ledger(connection, "weekly", WEEKLY, NEW_YEAR)
        changed = slots.ledger(connection, "weekly", tuesdays, wednesday)
        again = slots.ledger(connection, "weekly", tuesdays, wednesday + timedelta(hours=1))
    assert changed.since == again.since == wednesday
    assert due(tuesdays, again, wednesday + timedelta(hours=1)) == []


def test_three_firers_over_a_year_and_both_clock_changes_make_no_duplicate(
    engine: sa.Engine,
) -> None:
    timings = {
        "weekly": Timing(Cadence.parse("sun 02:30"), NEW_YORK, catch_up="all"),
        "daily": Timing(Cadence.parse("daily 01:30"), NEW_YORK, timedelta(hours=5), catch_up="all"),
    }
    end = datetime(2027, 1, 1, 5, tzinfo=UTC)
    rng = random.Random(8)
    steps = [NEW_YEAR]
    while steps[-1] < end:
        steps.append(steps[-1] + timedelta(minutes=rng.randint(30, 36 * 60)))
    steps[-1] = end
    won: Counter[tuple[str, str]] = Counter()
    failures: list[BaseException] = []
    barrier = threading.Barrier(3, timeout=60)

    def fire(skew: timedelta) -> None:
        try:
            for step in steps:
                barrier.wait()
                for newsletter, timing in timings.items():
                    _pass(engine, newsletter, timing, step + skew, won)
        except BaseException as error:  # noqa: BLE001 - told to the test's own thread
            failures.append(error)
            barrier.abort()

    threads = [threading.Thread(target=fire, args=(timedelta(seconds=s),)) for s in (0, 2, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    expected = {
        (newsletter, slot.nominal)
        for newsletter, timing in timings.items()
        for slot in coming(timing, NEW_YEAR, 400)
        if slot.due_at <= end
    }
    assert set(won) >= expected
    assert set(won.values()) == {1}
    _check_clock_changes(engine)


def _pass(
    engine: sa.Engine, newsletter: str, timing: Timing, now: datetime, won: Counter[tuple[str, str]]
) -> None:
    with engine.begin() as connection:
        plan = due(timing, slots.ledger(connection, newsletter, timing, now), now)
    for decision in plan:
        with engine.begin() as connection:
            slot = decision.due
            if slots.claim(connection, newsletter, slot.nominal, slot.due_at, now) is not None:
                won[newsletter, slot.nominal] += 1


def _check_clock_changes(engine: sa.Engine) -> None:
    asked = sa.select(table.c.due_at).where(
        sa.tuple_(table.c.newsletter, table.c.nominal).in_(
            [("weekly", "2026-03-08T02:30"), ("daily", "2026-11-01T01:30")]
        )
    )
    with engine.connect() as connection:
        assert sorted(connection.scalars(asked)) == [
            datetime(2026, 3, 8, 7, 30, tzinfo=UTC),
            datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
        ]
