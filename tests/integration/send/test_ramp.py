"""A new sender domain over days: the rest of an issue leaves tomorrow, by itself."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from newsletter.esp.port import Outcome, Verdict
from newsletter.model.actor import Actor
from newsletter.model.ramp import Ramp
from newsletter.send import run
from newsletter.store.sending import batches
from tests.fakes.memory import MemorySender
from tests.integration.send.conftest import Office


@pytest.fixture
def ramped(office: Office) -> Iterator[Office]:
    """An office whose domain is new: four on the first day."""
    office.publication = replace(office.publication, ramp=Ramp(first=4, growth=2))
    return office


def test_an_issue_leaves_over_as_many_days_as_it_takes(ramped: Office) -> None:
    ramped.issue(people=20)
    ramped.freeze()
    by_day = []
    for _ in range(4):
        for _pass in range(3):
            ramped.submit()
            ramped.later(minutes=5)
        by_day.append(len(ramped.reached()))
        ramped.later(hours=23)
    assert by_day == [4, 12, 20, 20]
    assert ramped.told().state == "submitted"
    assert len(set(ramped.reached())) == 20


def test_a_pass_says_when_the_rest_may_leave(ramped: Office) -> None:
    ramped.issue(people=6)
    ramped.freeze()
    assert ramped.submit().next_at == ramped.now + timedelta(hours=23)
    assert ramped.slept == []


def test_a_pass_that_waits_sends_the_rest_when_its_day_comes(ramped: Office) -> None:
    ramped.issue(people=6)
    ramped.freeze()
    assert ramped.submit(patience=timedelta(days=2)).submitted == 6
    assert sum(ramped.slept) == timedelta(hours=23).total_seconds()


def test_what_provably_never_left_takes_no_room(ramped: Office) -> None:
    ramped.issue(people=4)
    ramped.answers([Outcome(Verdict.UNSENT, "no connection")])
    ramped.freeze()
    assert ramped.submit().submitted == 0
    assert ramped.submit().submitted == 4


@pytest.mark.parametrize(("people", "sizes"), [(4, [4]), (6, [4, 2])])
def test_batches_are_small_only_where_an_issue_takes_more_than_a_day(
    ramped: Office, people: int, sizes: list[int]
) -> None:
    ramped.issue(people=people)
    ramped.freeze()
    with ramped.engine.connect() as connection:
        laid = batches.of_issue(connection, ramped.issue_id)
    assert [batch.planned for batch in laid] == sizes


def test_many_connections_keep_to_the_ramp_together(ramped: Office) -> None:
    ramped.issue(people=40)
    ramped.freeze()
    with ThreadPoolExecutor(4) as pool:
        couriers = [replace(ramped.courier(), owner=str(n)) for n in range(4)]
        list(pool.map(lambda one: run.submit(ramped.engine, ramped.publication, one), couriers))
    assert len(ramped.reached()) == 4


def test_another_provider_does_not_get_around_the_ramp(ramped: Office) -> None:
    ramped.issue(people=12)
    ramped.freeze()
    ramped.submit()
    other = MemorySender(max_batch=5, name="other")
    ramped.senders["other"] = other
    with ramped.engine.begin() as connection:
        run.decisions.move(
            connection, ramped.issue_id, "other", 5, actor=Actor.person("ada"), now=ramped.now
        )
    ramped.submit()
    assert other.shipments == []
