"""A batch carries the outcome of its deliveries; a row of a delivery differs only if it must."""

from collections import Counter

import pytest
import sqlalchemy as sa

from newsletter.esp.port import Outcome, Verdict
from newsletter.model.actor import Actor
from newsletter.send import decisions, run
from newsletter.store.people import personal, received
from newsletter.store.sending import deliveries
from newsletter.store.tables import deliveries as rows
from subscribers.store.tables import subscriptions
from tests.integration.send.conftest import LATER, UNKNOWN, Office

ACCEPTED = Outcome(Verdict.ACCEPTED)


def _stored(office: Office) -> list[tuple[str, str | None]]:
    """Return what the rows say without their batches, in order."""
    with office.engine.connect() as connection:
        found = connection.execute(sa.select(rows.c.state, rows.c.reason).order_by(rows.c.seq))
        return [(row.state, row.reason) for row in found]


def _known(office: Office) -> list[tuple[str, str | None]]:
    """Return the state and the reason of each delivery, in order."""
    with office.engine.connect() as connection:
        listed = deliveries.listed(connection, office.issue_id, now=office.now)
    return [(row["state"], row["why"]) for row in listed]


def _mixed(office: Office) -> None:
    """Send an issue of which every kind of outcome is known: 12 recipients, 5 in a batch."""
    office.issue(people=12)
    office.answers(
        [Outcome(Verdict.ACCEPTED, refused={"1-2": "no such address"}), UNKNOWN, LATER],
        max_batch=5,
    )
    office.freeze()
    with office.engine.begin() as connection:
        third = subscriptions.update().where(subscriptions.c.subscriber_id == 3)
        connection.execute(third.values(state="unsubscribed"))
    office.submit()
    with office.engine.begin() as connection:
        decisions.cancel(connection, office.issue_id, actor=Actor.person("ada"), now=office.now)


def test_a_row_is_written_only_if_it_differs_from_its_batch(office: Office) -> None:
    _mixed(office)
    assert _stored(office) == [
        ("pending", None),
        ("refused", "no such address"),
        ("withdrawn", "unsubscribed"),
        *[("pending", None)] * 9,
    ]


def test_every_recipient_has_the_outcome_of_their_batch_or_their_own(office: Office) -> None:
    _mixed(office)
    submitted, cancelled = ("submitted", None), ("withdrawn", "cancelled")
    assert _known(office) == [
        submitted,
        ("refused", "no such address"),
        ("withdrawn", "unsubscribed"),
        *[submitted] * 2,
        *[("pending", None)] * 5,
        *[cancelled] * 2,
    ]
    counted = Counter(state for state, _reason in _known(office))
    told = office.told()
    assert (told.submitted, told.refused, told.withdrawn) == (3, 1, 3)
    assert counted == {"submitted": 3, "refused": 1, "withdrawn": 3, "pending": told.unknown}


def test_what_is_held_about_a_person_has_the_outcome_of_their_batch(office: Office) -> None:
    _mixed(office)
    with office.engine.connect() as connection:
        held = [personal.of(connection, number)["deliveries"][0] for number in (1, 2, 12)]
        seen = [
            received.lately(connection, "weekly", number, office.now)[0].outcome
            for number in (1, 2, 6, 12)
        ]
    assert [(entry["state"], entry.get("reason")) for entry in held] == [
        ("submitted", None),
        ("refused", "no such address"),
        ("withdrawn", "cancelled"),
    ]
    assert seen == ["sent", "failed", "cancelled", "cancelled"]


def test_pieces_of_a_batch_have_outcomes_of_their_own(office: Office) -> None:
    """The first message was accepted, the second is in doubt, the others did not leave."""
    office.issue(people=5)
    partly = Outcome(Verdict.UNKNOWN, "no answer", reached=["1-1"], unsent=["1-3", "1-4", "1-5"])
    office.answers([partly])
    office.freeze()
    office.submit()
    assert [state for state, _reason in _stored(office)] == ["submitted", *["pending"] * 4]
    assert [state for state, _reason in _known(office)] == [
        "submitted",
        "pending",
        *["submitted"] * 3,
    ]
    office.resolve("1.1", "never")
    assert [state for state, _reason in _known(office)] == [
        "submitted",
        "withdrawn",
        *["submitted"] * 3,
    ]


@pytest.mark.parametrize("decision", ["accepted", "again"])
def test_a_person_decides_about_a_whole_batch_in_one_row(
    office: Office, decision: decisions.Decision
) -> None:
    office.issue(people=5)
    office.answers([UNKNOWN])
    office.freeze()
    office.submit()
    office.resolve("1.1", decision)
    office.submit()
    assert _stored(office) == [("pending", None)] * 5
    assert _known(office) == [("submitted", None)] * 5


def test_rows_of_earlier_versions_that_repeat_their_batch_mean_the_same(office: Office) -> None:
    office.issue(people=5)
    office.freeze()
    office.submit()
    with office.engine.begin() as connection:
        connection.execute(rows.update().values(state="submitted"))
    assert _known(office) == [("submitted", None)] * 5
    run.reconcile(office.engine, office.publication, office.courier())
    assert office.told().submitted == 5
