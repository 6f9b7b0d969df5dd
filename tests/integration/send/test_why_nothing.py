"""Why somebody did not get an issue is said truly, whatever became of their delivery."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from newsletter.model.receipt import Receipt
from newsletter.render.catalog import open_catalogs
from newsletter.render.reasons import explain
from newsletter.store.people import received
from newsletter.store.tables import deliveries, issues
from tests.fakes.issues import NOW
from tests.integration.send.conftest import Office

ENGLISH = open_catalogs(None).of("en")

WITHDRAWN = {
    "unsubscribed": "Unsubscribed.",
    "cancelled": "The issue was canceled before this email was sent.",
}


@pytest.mark.parametrize(("reason", "says"), WITHDRAWN.items())
def test_what_was_withdrawn_says_why(office: Office, reason: str, says: str) -> None:
    office.issue(people=1)
    office.freeze()
    with office.engine.begin() as connection:
        person = connection.execute(sa.select(deliveries.c.subscriber_id)).scalar_one()
        connection.execute(deliveries.update().values(state="withdrawn", reason=reason))
        (found,) = received.lately(connection, "weekly", person, NOW)
    assert explain(found.outcome, ENGLISH) == says


UNSENT = {
    ("draft", ""): "It's late: the editors haven't finished it yet.",
    ("review", ""): "It's late: the editors haven't finished it yet.",
    ("approved", ""): "It has been approved and will go out shortly.",
    ("preparing", ""): "It has been approved and will go out shortly.",
    ("paused", "paused"): "Sending is paused. You may still receive it.",
    ("cancelled", ""): "The editors canceled this issue.",
    ("skipped", "nobody approved it"): "There was no issue this time.",
    ("skipped", "nothing new to print"): "There was no issue: we had nothing new to publish.",
}


@pytest.mark.parametrize(("stands", "says"), UNSENT.items())
def test_an_issue_that_was_due_and_has_not_left_says_why_and_keeps_its_subject(
    office: Office, stands: tuple[str, str], says: str
) -> None:
    office.issue(people=1)
    state, reason = stands
    with office.engine.begin() as connection:
        connection.execute(issues.update().values(state=state, reason=reason, due_at=NOW))
        (found,) = received.lately(connection, "weekly", 1, NOW)
        assert not received.lately(connection, "weekly", 1, NOW - timedelta(minutes=1))
    assert explain(found.outcome, ENGLISH) == says
    assert not found.subject


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("submitting", "It's being sent to you."),
        ("paused", "Sending is paused. You may still receive it."),
        ("cancelled", "The issue was canceled before this email was sent."),
    ],
)
def test_what_waits_for_somebody_says_how_its_issue_stands(
    office: Office, state: str, says: str
) -> None:
    office.issue(people=1)
    office.freeze()
    with office.engine.begin() as connection:
        connection.execute(issues.update().values(state=state))
        person = connection.execute(sa.select(deliveries.c.subscriber_id)).scalar_one()
        (found,) = received.lately(connection, "weekly", person, NOW)
        (stranger,) = received.lately(connection, "weekly", 4711, NOW)
    assert explain(found.outcome, ENGLISH) == says
    assert explain(stranger.outcome, ENGLISH) == "Not subscribed at the time."


@pytest.mark.parametrize("kind", ["special", "correction"])
def test_a_draft_that_no_reader_waits_for_is_not_spoken_of(office: Office, kind: str) -> None:
    office.issue(people=1)
    with office.engine.begin() as connection:
        connection.execute(issues.update().values(state="draft", kind=kind))
        assert not received.lately(connection, "weekly", 1, NOW)


def test_an_issue_that_left_before_its_slot_is_spoken_of_at_once(office: Office) -> None:
    office.issue(people=1)
    office.freeze(at_once=True)
    office.submit()
    with office.engine.begin() as connection:
        connection.execute(issues.update().values(due_at=NOW + timedelta(days=5)))
        person = connection.execute(sa.select(deliveries.c.subscriber_id)).scalar_one()
        (found,) = received.lately(connection, "weekly", person, NOW)
    assert found.outcome is Receipt.SENT
