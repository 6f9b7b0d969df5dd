"""What comes to light late: an attempt that was seen after all, or accepted but for a few."""

import pytest
import sqlalchemy as sa

from newsletter.esp.port import Outcome, Verdict
from newsletter.model.actor import Actor
from newsletter.model.batch import Claim
from newsletter.model.states import BatchState
from newsletter.send import decisions, evidence, run
from newsletter.store.sending import batches, deliveries, outcomes
from newsletter.store.tables import deliveries as delivery_table
from tests.fakes.memory import MemorySender
from tests.integration.send.conftest import LATER, UNKNOWN, Office


def _seen(office: Office, *attempts: str) -> list[str]:
    with office.engine.begin() as connection:
        return evidence.seen(connection, attempts, now=office.now)


def _claim(office: Office) -> Claim:
    with office.engine.begin() as connection:
        return office.claim(connection)


def _by_state(office: Office) -> dict[str, int]:
    people = sa.func.count()
    asked = sa.select(outcomes.state().label("state")).select_from(delivery_table).subquery()
    query = sa.select(asked.c.state, people).group_by(asked.c.state)
    with office.engine.connect() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}


def test_who_was_refused_in_a_late_acceptance_is_not_called_submitted(office: Office) -> None:
    office.issue(people=5)
    office.freeze()
    claim = _claim(office)
    office.later(minutes=4)
    run.reconcile(office.engine, office.publication, office.courier())
    office.settle(claim, Outcome(Verdict.ACCEPTED, refused={"1-2": "no such address"}))
    assert _by_state(office) == {"submitted": 4, "refused": 1}
    told = office.told()
    assert (told.submitted, told.refused, told.unknown) == (4, 1, 0)
    office.settle(claim, Outcome(Verdict.ACCEPTED, refused={"1-2": "no such address"}))
    assert (office.told().submitted, office.told().refused) == (4, 1)


def test_an_event_settles_a_batch_that_was_refused_the_next_time(office: Office) -> None:
    office.issue(people=1)
    office.answers([UNKNOWN, Outcome(Verdict.REFUSED, "HTTP 413")])
    office.freeze()
    office.submit()
    office.resolve("1.1", "again")
    office.submit()
    assert office.told().doubts[0].state == "refused"
    assert _seen(office, "1.1:1") == ["1.1:1"]
    assert (office.told().submitted, office.told().doubts) == (1, ())


def test_an_event_settles_a_batch_that_was_cancelled(office: Office) -> None:
    office.issue(people=5)
    office.answers([LATER])
    office.freeze()
    office.submit()
    with office.engine.begin() as connection:
        deliveries.mark_each(connection, 1, {3: "unsubscribed"}, deliveries.DeliveryState.WITHDRAWN)
        batches.count_settled(connection, (1, 1), withdrawn=1)
        assert (
            decisions.cancel(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)
            == 4
        )
    assert _seen(office, "1.1:1") == ["1.1:1"]
    assert _by_state(office) == {"submitted": 4, "withdrawn": 1}
    assert (office.told().submitted, office.told().withdrawn) == (4, 1)


@pytest.mark.parametrize("outcome", [LATER, UNKNOWN, Outcome(Verdict.REFUSED, "HTTP 413")])
def test_an_event_that_came_during_a_newer_attempt_counts_when_that_fails(
    office: Office, outcome: Outcome
) -> None:
    office.issue(people=5)
    office.answers([UNKNOWN, outcome])
    office.freeze()
    office.submit()
    office.resolve("1.1", "again")

    def event(point: str) -> None:
        if point == "after_response" and len(office.memory.shipments) == 2:
            assert _seen(office, "1.1:1") == []

    office.at = event
    office.submit()
    office.later(minutes=1)
    office.submit()
    assert len(office.memory.shipments) == 2
    told = office.told()
    assert (told.planned, told.submitted, told.state) == (5, 5, "submitted")


def test_an_event_that_came_before_a_worker_fell_silent_is_remembered(office: Office) -> None:
    office.configure(on_unknown="resend")
    office.issue(people=5)
    office.answers([UNKNOWN])
    office.freeze()
    office.submit()
    office.resolve("1.1", "again")
    _claim(office)
    assert _seen(office, "1.1:1") == []
    office.later(minutes=20)
    office.submit()
    assert len(office.memory.shipments) == 1
    assert office.told().submitted == 5


def test_an_event_of_a_newer_attempt_still_settles_it(office: Office) -> None:
    office.issue(people=5)
    office.answers([UNKNOWN])
    office.freeze()
    office.submit()
    office.resolve("1.1", "again")
    claim = _claim(office)
    assert _seen(office, "1.1:1", "1.1:2") == ["1.1:2"]
    office.settle(claim, LATER)
    assert office.told().submitted == 5


def test_an_event_settles_every_piece_of_the_batch_it_is_about(office: Office) -> None:
    office.answers([UNKNOWN], max_batch=1000)
    office.issue(people=100)
    office.freeze()
    office.submit()
    other = MemorySender([LATER], max_batch=40, name="outbox")
    third = MemorySender(max_batch=15, name="third")
    office.resolve("1.1", "again")
    for sender in (other, third):
        with office.engine.begin() as connection:
            decisions.move(
                connection,
                1,
                sender.name,
                sender.max_batch,
                actor=Actor.person("ada"),
                now=office.now,
            )
    assert _seen(office, "1.1:1") == ["1.1:1"]
    office.senders |= {"outbox": other, "third": third}
    office.submit()
    assert not other.shipments
    assert not third.shipments
    told = office.told()
    assert (told.planned, told.submitted, told.state) == (100, 100, "submitted")


def test_a_piece_that_provably_never_left_is_not_settled_by_its_batch(office: Office) -> None:
    office.issue(people=5)
    office.answers(
        [
            Outcome(Verdict.UNKNOWN, "broke", reached=("1-1",), unsent=("1-3", "1-4", "1-5")),
            LATER,
        ]
    )
    office.freeze()
    office.submit()
    assert _seen(office, "1.1:1") == ["1.1:1"]
    told = office.told()
    assert (told.submitted, told.waiting) == (2, 3)
    office.later(minutes=1)
    office.submit()
    assert office.told().submitted == 5


def test_a_piece_whose_own_attempt_is_under_way_speaks_for_itself(office: Office) -> None:
    office.answers([UNKNOWN], max_batch=1000)
    office.issue(people=10)
    office.freeze()
    office.submit()
    office.resolve("1.1", "again")
    with office.engine.begin() as connection:
        decisions.move(connection, 1, "memory", 5, actor=Actor.person("ada"), now=office.now)
    first, second = _claim(office), _claim(office)
    assert _seen(office, "1.1:1") == []
    assert office.settle(first, Outcome(Verdict.ACCEPTED)) is BatchState.ACCEPTED
    assert office.settle(second, LATER) is BatchState.ACCEPTED
    told = office.told()
    assert (told.planned, told.submitted) == (10, 10)
