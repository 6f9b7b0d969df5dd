"""The counters of reports agree with the rows that they count, in any order and after any crash."""

import random
from collections import Counter
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from newsletter.maintenance import counters
from newsletter.model.event import EventKind
from newsletter.model.tally import (
    BY_THE_HOUR,
    COUNTED_FOR,
    HOUR,
    Axis,
    Happened,
    period,
    start_of,
    tallied,
)
from newsletter.store import events
from newsletter.store.counting import domains, tallies
from newsletter.store.counting.tables import tallies as table
from newsletter.store.people import received
from newsletter.usecases import people
from subscribers.consent import unsubscribing
from subscribers.consent.unsubscribing import Unsubscribe
from tests.fakes.crashes import crash_at_every_write
from tests.fakes.issues import NOW
from tests.integration.events.conftest import Desk
from tests.integration.events.test_engagements import Crowd

KINDS = (
    {"event": "processed"},
    {"event": "deferred"},
    {"event": "delivered"},
    {"event": "bounce", "type": "blocked"},
    {"event": "bounce", "type": "bounce", "status": "5.2.2"},
    {"event": "bounce", "type": "bounce", "status": "5.1.1"},
    {"event": "dropped", "reason": "Bounced Address"},
    {"event": "spamreport"},
    {"event": "open"},
)
DATABASES = pytest.mark.parametrize("engine", ["sqlite", "postgres"], indirect=True)


def some_events(desk: Desk, seed: int, number: int = 120) -> list[dict[str, object]]:
    """Return random events about all recipients, some of them twice."""
    rng = random.Random(seed)
    found = []
    for serial in range(number):
        at = NOW + timedelta(minutes=rng.randrange(60 * 24 * 6))
        kind = {**rng.choice(KINDS), "sg_event_id": f"{seed}-{serial}"}
        found.append({**desk.event("x", rng.randint(1, 12), at), **kind})
    return found + rng.choices(found, k=number // 4)


def hours(desk: Desk) -> dict[tuple[str, EventKind], int]:
    """Return the counters of the issue by the hour."""
    with desk.office.reader.connect() as connection:
        return tallies.of(connection, 1, Axis.HOUR)


def by_domain(desk: Desk) -> dict[tuple[str, EventKind], int]:
    """Return the counters of the issue by domain."""
    with desk.office.reader.connect() as connection:
        return tallies.of(connection, 1, Axis.DOMAIN)


@DATABASES
def test_counters_agree_with_their_rows_in_any_order(desk: Desk) -> None:
    found = some_events(desk, seed=1)
    rng = random.Random(7)
    rng.shuffle(found)
    while found:
        some = [found.pop() for _ in range(min(len(found), rng.randint(1, 30)))]
        desk.drain(*some)
        assert counters.problems(desk.office.engine) == []
    assert sum(hours(desk).values()) == sum(by_domain(desk).values()) > 60


@DATABASES
def test_a_crash_at_any_write_of_a_drain_counts_nothing_twice(desk: Desk) -> None:
    desk.post(some_events(desk, seed=2, number=40))
    engine = desk.office.engine

    def check() -> None:
        assert counters.problems(engine) == []
        assert hours(desk) == {}

    assert crash_at_every_write(engine, desk.drain, check) >= 5
    assert counters.problems(engine) == []
    assert sum(hours(desk).values()) > 20


@DATABASES
def test_folding_keeps_every_number(desk: Desk) -> None:
    for event in some_events(desk, seed=3, number=60):
        desk.drain(event)
    before, domains_before = hours(desk), by_domain(desk)
    with desk.office.engine.begin() as connection:
        assert tallies.fold(connection, 1)
    assert (hours(desk), by_domain(desk)) == (before, domains_before)
    with desk.office.engine.begin() as connection:
        rows = connection.scalar(sa.select(sa.func.count()).select_from(table))
        assert rows == len(before) + len(domains_before)
        assert not tallies.fold(connection, 1)


def test_only_long_counters_are_folded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.drain(desk.event("delivered", 1))
    desk.drain(desk.event("delivered", 2))
    assert counters.fold(desk.office.engine) == 0
    monkeypatch.setattr(tallies, "FOLD_AFTER", 3)
    assert counters.fold(desk.office.engine) == 1
    assert sum(hours(desk).values()) == 2


def test_a_wrong_counter_is_found(desk: Desk) -> None:
    desk.drain(desk.event("delivered", 1), desk.event("delivered", 2))
    with desk.office.engine.begin() as connection:
        connection.execute(table.update().values(number=1))
        connection.execute(sa.text("UPDATE batches SET delivered = 0"))
    assert counters.problems(desk.office.engine) == [
        "issue 1: 0 deliveries are counted as delivered, but there are 2",
        "issue 1: 1 events are counted as delivered, but there are 2",
    ]


@DATABASES
def test_counters_that_are_wrong_are_counted_again(desk: Desk) -> None:
    crowd = Crowd(desk)
    with desk.office.engine.begin() as connection:
        events.purge(connection, NOW - 9 * HOUR)  # so that all events of the issue are kept
    desk.drain(*some_events(desk, seed=5))
    crowd.arrive(*(crowd.made(who, NOW + HOUR, link=1) for who in (1, 1, 2, None)))
    desk.office.later(days=2)
    crowd.decide()
    engine = desk.office.engine
    before = (hours(desk), by_domain(desk), crowd.counters(), desk.status())
    for statement in (
        "UPDATE tallies SET number = number + 1",
        "UPDATE batches SET delivered = 0, bounced = 9",
        "UPDATE engagement_hours SET human = 7",
        "DELETE FROM engagement_totals",
    ):
        with engine.begin() as connection:
            connection.execute(sa.text(statement))
    wrong = counters.problems(engine)
    assert len(wrong) > 4
    assert counters.repair(engine) == (len(wrong), [])
    assert (hours(desk), by_domain(desk), crowd.counters(), desk.status()) == before
    assert counters.repair(engine) == (0, [])


def test_what_cannot_be_counted_again_is_reported(desk: Desk) -> None:
    desk.drain(desk.event("delivered", 1, NOW + HOUR), desk.event("delivered", 2, NOW - HOUR))
    with desk.office.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM events WHERE seq = 2"))
        connection.execute(table.delete())
    repaired, left = counters.repair(desk.office.engine)
    assert repaired == 0
    assert left == ["issue 1: 0 events are counted as delivered, but there are 1"]


def test_what_retention_deleted_stays_counted(desk: Desk) -> None:
    desk.drain(desk.event("delivered", 1), desk.event("delivered", 2, NOW + 9 * HOUR))
    with desk.office.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM events WHERE seq = 1"))
    assert counters.problems(desk.office.engine) == []
    assert sum(hours(desk).values()) == 2


def test_an_email_that_came_back_counts_for_the_domain_of_its_recipient(desk: Desk) -> None:
    desk.drain(desk.event("bounce", 1, type="bounce", status="5.1.1", email=""))
    desk.drain(desk.event("delivered", 2, email="someone@elsewhere.example"))
    assert by_domain(desk) == {
        ("example.net", EventKind.BOUNCED): 1,
        (domains.OTHERS, EventKind.DELIVERED): 1,
    }
    with desk.office.reader.connect() as connection:
        assert domains.of(connection, 1) == {"example.net": 12}


@DATABASES
def test_an_unsubscribe_counts_for_the_last_issue_of_the_reader(desk: Desk) -> None:
    def leave(connection: sa.Connection) -> object:
        wanted = Unsubscribe("weekly", "one click")
        return unsubscribing.unsubscribe(connection, 3, wanted, pepper=b"p" * 32, now=NOW)

    for _ in range(2):
        people.carry_out(desk.context, leave)  # type: ignore[arg-type]
    desk.drain(desk.event("unsubscribe", 3, NOW + HOUR), desk.event("unsubscribe", 4, NOW + HOUR))
    counted = {kind: number for (_, kind), number in hours(desk).items()}
    assert counted == {EventKind.UNSUBSCRIBED: 2}
    with desk.office.reader.connect() as connection:
        assert received.last_issue(connection, "weekly", 3) == 1
        assert received.last_issue(connection, "other", 3) is None


@given(st.integers(-(10**7), 10**9), st.integers(0, 86_400))
def test_periods_are_few_and_never_later_than_the_event(seconds: int, start: int) -> None:
    began = NOW + timedelta(seconds=start)
    at = began + timedelta(seconds=seconds)
    found = start_of(str(period(at, began)))
    if timedelta(0) <= at - began < COUNTED_FOR:
        span = HOUR if at < began + BY_THE_HOUR else timedelta(days=1)
        assert timedelta(0) <= at - found < span
    assert began - timedelta(days=1) < found <= began + COUNTED_FOR


@given(st.permutations(range(8)))
def test_the_order_of_events_does_not_matter(order: list[int]) -> None:
    kinds = (EventKind.DELIVERED, EventKind.DEFERRED)
    events = [
        Happened(1 + serial % 2, kinds[serial % 2], NOW + serial * 20 * HOUR, "example.net")
        for serial in range(8)
    ]
    began = {1: NOW, 2: NOW}
    mixed = Counter(events[place] for place in order)
    assert tallied(mixed, began) == tallied(Counter(events), began)


def test_a_repeated_request_counts_once(desk: Desk) -> None:
    found = [desk.event("delivered", 1), desk.event("spamreport", 1)]
    for _ in range(3):
        desk.post(found)
    desk.drain()
    assert sum(hours(desk).values()) == 2
