"""Opens and clicks are judged by what happened in the same email, and counted once."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from newsletter.model.actor import MACHINE, Actor
from newsletter.model.engagement import (
    CountedLink,
    Engagement,
    EngagementHour,
    EngagementTotal,
    Judgment,
    totals,
    whole_hour,
)
from newsletter.model.event import EventKind
from newsletter.store.content import edition_links
from newsletter.store.engagement_tables import engagement_hours, engagement_totals, engagements
from newsletter.store.people import personal
from newsletter.store.sending import engagements as store
from newsletter.usecases import engagements as usecase
from newsletter.usecases import people
from tests.fakes.issues import NOW
from tests.integration.events.conftest import Desk

ADA = Actor.person("ada")
OPENED, CLICKED = EventKind.OPENED, EventKind.CLICKED
LINKS = 3
HOUR = timedelta(hours=1)


class Crowd:
    """Opens and clicks of the recipients of an issue, stored as they arrive."""

    def __init__(self, desk: Desk) -> None:
        """Give the edition of an issue its links."""
        self.desk = desk
        self._number = 0
        with desk.office.engine.begin() as connection:
            self.edition = connection.scalar(sa.text("SELECT id FROM editions"))
            found = [CountedLink(n, f"https://x.example/{n}") for n in range(1, LINKS + 1)]
            edition_links.replace(connection, 1, {1: found})

    def made(
        self,
        seq: int | None,
        at: datetime,
        *,
        link: int = 0,
        sign: Judgment | None = None,
        kind: EventKind = CLICKED,
    ) -> Engagement:
        """Return an engagement of a recipient, or of no one."""
        self._number += 1
        return Engagement(
            f"e{self._number}", kind, "own", at, 1, self.edition, seq, seq, link, sign
        )

    def arrive(self, *found: Engagement) -> int:
        """Store engagements; return how many are new."""
        with self.desk.office.engine.begin() as connection:
            return len(store.add(connection, found))

    def decide(self) -> int:
        """Decide about what is old enough."""
        return usecase.decide(self.desk.context, MACHINE)

    def rows(self) -> list[Engagement]:
        """Return everything that is stored about recipients and about no one."""
        with self.desk.office.reader.connect() as connection:
            query = sa.select(engagements).order_by(engagements.c.at, engagements.c.id)
            return [store._read(row) for row in connection.execute(query).mappings()]  # noqa: SLF001

    def judged(self) -> list[Judgment | None]:
        """Return the judgments, oldest first."""
        return [each.judgment for each in self.rows()]

    def counters(self) -> tuple[list[EngagementTotal], list[EngagementHour]]:
        """Return the counters."""
        with self.desk.office.reader.connect() as connection:
            return store.totals_of(connection, 1), store.hours_of(connection, 1)


@pytest.fixture
def crowd(desk: Desk) -> Crowd:
    desk.office.later(days=2)
    return Crowd(desk)


def recounted(rows: Iterable[Engagement]) -> tuple[list[EngagementTotal], list[EngagementHour]]:
    """Count the rows from the beginning."""
    emails: dict[object, list[Engagement]] = {}
    hours: dict[tuple[datetime, EventKind], list[int]] = {}
    for each in rows:
        emails.setdefault(each.seq or each.id, []).append(each)
        hour = hours.setdefault((whole_hour(each.at), each.kind), [0, 0])
        hour[0] += 1
        hour[1] += each.human
    added: dict[tuple[int, EventKind, int], list[int]] = {}
    for email in emails.values():
        for key, numbers in totals(email).items():
            row = added.setdefault(key, [0, 0, 0, 0])
            row[:] = [present + more for present, more in zip(row, numbers, strict=True)]
    return (
        [EngagementTotal(*key, *numbers) for key, numbers in sorted(added.items())],
        [
            EngagementHour(kind, hour, *numbers)
            for (hour, kind), numbers in sorted(hours.items(), key=lambda item: item[0])
        ],
    )


def test_a_reader_who_opens_and_clicks_counts_as_a_person(crowd: Crowd) -> None:
    at = NOW + HOUR
    crowd.arrive(
        crowd.made(1, at, kind=OPENED),
        crowd.made(1, at + HOUR, kind=OPENED),
        crowd.made(1, at, link=2),
        crowd.made(2, at, link=2),
    )
    assert crowd.decide() == 4
    found, hours = crowd.counters()
    assert found == [
        EngagementTotal(crowd.edition, CLICKED, 0, 2, 2, 2, 2),
        EngagementTotal(crowd.edition, CLICKED, 2, 2, 2, 2, 2),
        EngagementTotal(crowd.edition, OPENED, 0, 2, 2, 1, 1),
    ]
    assert [(hour.kind, hour.raw, hour.human) for hour in hours] == [
        (CLICKED, 2, 2),
        (OPENED, 1, 1),
        (OPENED, 1, 1),
    ]
    with crowd.desk.office.reader.connect() as connection:
        assert store.last_human(connection, "weekly", [1, 2, 3]) == {1: at + HOUR, 2: at}


def test_what_shows_itself_as_a_machine_counts_only_as_raw(crowd: Crowd) -> None:
    signs = (Judgment.PROVIDER, Judgment.AGENT, Judgment.HEAD)
    crowd.arrive(*(crowd.made(1, NOW + HOUR, link=1, sign=sign) for sign in signs))
    crowd.decide()
    assert set(crowd.judged()) == set(signs)
    assert crowd.counters()[0][0] == EngagementTotal(crowd.edition, CLICKED, 0, 3, 0, 1, 0)


def test_what_follows_the_canary_is_a_machine_for_that_email(crowd: Crowd) -> None:
    crowd.arrive(crowd.made(1, NOW + HOUR, link=1), crowd.made(2, NOW + HOUR, link=1))
    crowd.decide()
    assert crowd.judged() == [Judgment.HUMAN, Judgment.HUMAN]
    crowd.arrive(crowd.made(1, NOW + 2 * HOUR, sign=Judgment.CANARY))
    crowd.decide()
    assert crowd.judged() == [Judgment.CANARY, Judgment.HUMAN, Judgment.CANARY]
    assert crowd.counters() == recounted(crowd.rows())


def test_what_comes_within_seconds_of_the_delivery_is_a_machine(crowd: Crowd) -> None:
    crowd.desk.drain(crowd.desk.event("delivered", 1, NOW + HOUR))
    crowd.arrive(
        crowd.made(1, NOW + HOUR + timedelta(seconds=9), link=1),
        crowd.made(1, NOW + HOUR + timedelta(seconds=11), link=1),
        crowd.made(2, NOW + timedelta(seconds=3), link=1),  # its batch was accepted at NOW
    )
    crowd.decide()
    assert crowd.judged() == [Judgment.PREFETCH, Judgment.PREFETCH, Judgment.HUMAN]


def test_a_batch_that_was_in_doubt_shows_no_prefetch(crowd: Crowd) -> None:
    with crowd.desk.office.engine.begin() as connection:
        connection.execute(sa.text("UPDATE batches SET unknown_at = settled_at"))
    crowd.arrive(crowd.made(2, NOW + timedelta(seconds=3), link=1))
    crowd.decide()
    assert crowd.judged() == [Judgment.HUMAN]


def test_every_link_within_a_minute_is_a_sweep_and_later_clicks_are_not(crowd: Crowd) -> None:
    at = NOW + 2 * HOUR
    sweep = [crowd.made(1, at + timedelta(seconds=20 * n), link=n) for n in range(1, LINKS + 1)]
    crowd.arrive(crowd.made(1, at - HOUR, link=1), *sweep, crowd.made(1, at + HOUR, link=1))
    crowd.arrive(
        *(
            replace(each, id=f"slow{each.id}", seq=2, at=each.at + each.link * HOUR)
            for each in sweep
        )
    )
    crowd.decide()
    of_one = [each.judgment for each in crowd.rows() if each.seq == 1]
    assert of_one == [Judgment.HUMAN, *LINKS * [Judgment.SWEEP], Judgment.HUMAN]
    assert {each.judgment for each in crowd.rows() if each.seq == 2} == {Judgment.HUMAN}


def test_what_is_young_waits(crowd: Crowd) -> None:
    now = crowd.desk.office.now
    crowd.arrive(crowd.made(1, now - timedelta(seconds=100), link=1))
    assert crowd.decide() == 0
    crowd.desk.office.later(seconds=30)
    assert crowd.decide() == 1


def test_the_same_engagement_again_changes_nothing(crowd: Crowd) -> None:
    found = [crowd.made(1, NOW + HOUR, link=1), crowd.made(None, NOW + HOUR, link=1)]
    assert crowd.arrive(*found, *found) == 2
    crowd.decide()
    before = crowd.counters()
    assert crowd.arrive(*found) == 0
    assert crowd.decide() == 0
    assert crowd.counters() == before


@pytest.mark.parametrize("seed", range(3))
def test_the_counters_equal_the_rows_in_any_order_of_arrival(crowd: Crowd, seed: int) -> None:
    dice = random.Random(seed)
    signs = [None] * 12 + list(Judgment)[1:5]
    found = [
        crowd.made(
            dice.choice([None, *range(1, 7)]),
            NOW + timedelta(seconds=dice.choice([2, 20, 40, 70]) + 1800 * dice.randint(0, 5)),
            link=dice.randint(0, LINKS),
            sign=dice.choice(signs),
            kind=dice.choice([OPENED, CLICKED]),
        )
        for _ in range(150)
    ]
    arriving = dice.sample(found + found[:50], k=200)
    for begin in range(0, len(arriving), 23):
        crowd.arrive(*arriving[begin : begin + 23])
        crowd.decide()
        assert crowd.counters() == recounted(crowd.rows())
    in_one_go = {each.id: each.judgment for each in crowd.rows()}
    with crowd.desk.office.engine.begin() as connection:
        for table in (engagements, engagement_totals, engagement_hours):
            connection.execute(table.delete())
    crowd.arrive(*found)
    crowd.decide()
    assert {each.id: each.judgment for each in crowd.rows()} == in_one_go
    assert len(in_one_go) == len(found)


def test_an_erasure_detaches_engagements_and_the_counters_stay(crowd: Crowd) -> None:
    crowd.arrive(crowd.made(2, NOW + HOUR, link=1))
    crowd.decide()
    with crowd.desk.office.reader.connect() as connection:
        (mine,) = personal.of(connection, 2)["opens_and_clicks"]
    assert mine == {
        "at": (NOW + HOUR).isoformat(),
        "kind": "clicked",
        "link": "https://x.example/1",
        "caused_by": "human",
    }
    before = crowd.counters()
    people.erase(crowd.desk.context, ADA, "reader2@example.net")
    assert [each.subscriber_id for each in crowd.rows()] == [None]
    assert crowd.counters() == before
