"""Why the rest of an issue waits, and who was left out, as both databases tell it."""

from dataclasses import replace
from datetime import timedelta

from newsletter.esp.port import Outcome, Verdict
from newsletter.model.ramp import Ramp
from newsletter.send import status
from newsletter.send.context import SendingContext
from newsletter.send.waits import Wait
from newsletter.store.sending import batches, deliveries
from tests.fakes.issues import add_people
from tests.integration.send.conftest import Office


def waits(office: Office) -> tuple[Wait, ...]:
    around = SendingContext(office.publication, office.senders, office.now)
    with office.engine.connect() as connection:
        return status.of(connection, office.issue_id, around).waits


def test_an_issue_that_is_spread_out_says_when_the_next_batch_leaves(office: Office) -> None:
    office.configure(spread=timedelta(hours=2))
    office.issue()
    office.freeze()
    office.submit()
    (wait,) = waits(office)
    assert wait.people == 7
    assert wait.until == office.now + timedelta(minutes=40)
    assert "spread out" in wait.message
    office.later(hours=3)
    office.submit()
    assert waits(office) == ()


def test_a_provider_that_asked_to_wait_is_named_with_what_it_said(office: Office) -> None:
    office.issue()
    office.answers([Outcome(Verdict.UNSENT, "HTTP 429", wait=90.0)])
    office.freeze()
    office.submit()
    (wait,) = waits(office)
    assert wait.people == 12
    assert wait.until == office.now + timedelta(seconds=90)
    assert wait.message.startswith("memory asked to wait until Mon 23 Nov 17:01 KST (HTTP 429")
    with office.engine.connect() as connection:
        assert batches.providers(connection) == {"memory"}


def test_a_rate_says_when_the_next_batch_leaves(office: Office) -> None:
    office.rates = {"memory": 0.1}
    office.publication = replace(office.publication, rate=0.1)
    office.issue()
    office.freeze()
    office.submit()
    (wait,) = waits(office)
    assert wait.message.startswith(
        "the rate is 0.1 per second; the next batch goes out Mon 23 Nov 17:00"
    )


def test_a_new_domain_says_when_the_next_day_begins(office: Office) -> None:
    office.publication = replace(office.publication, ramp=Ramp(first=4, growth=2))
    office.issue()
    office.freeze()
    office.submit()
    (wait,) = waits(office)
    assert wait.people == 8
    assert wait.until == office.now + timedelta(hours=23)
    assert wait.message.startswith("the sender domain is new and has reached today's limit")


def test_those_left_out_are_found_by_a_part_of_their_address(office: Office) -> None:
    office.issue()
    with office.engine.begin() as connection:
        add_people(connection, 3, first=21, state="unsubscribed")
    office.freeze()
    with office.engine.connect() as connection:
        everybody = deliveries.left_out(connection, office.issue_id, "weekly", now=office.now)
        assert [reason for _, reason in everybody] == ["unsubscribed"] * 3
        for search, found in (("READER22@", 1), ("%", 0), ("reader2", 3)):
            some = deliveries.left_out(
                connection, office.issue_id, "weekly", now=office.now, search=search
            )
            assert len(some) == found
