"""What follows when a provider reports a bounce or a complaint of a delivery; on both databases."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.model.delivery import advance
from newsletter.model.states import DeliveryState
from newsletter.people.effects import apply_effects
from newsletter.store.tables import deliveries
from subscribers import directory, suppression
from subscribers.journal import Journal
from subscribers.model import Suppression, SuppressionReason
from tests.fakes.people import PEPPER
from tests.integration.send.conftest import Office


def recipient(office: Office, seq: int) -> int:
    """Return whom a delivery of the issue goes to."""
    with office.engine.connect() as connection:
        chosen = sa.select(deliveries.c.subscriber_id).where(deliveries.c.seq == seq)
        return int(connection.execute(chosen).scalar_one())


def report(office: Office, journal: Journal, number: int, reason: SuppressionReason) -> str:
    """Do what follows from an event: suppress whoever it is about, journal and all, at once."""
    cause = Suppression("", reason, "provider", "550 no such user", office.now)
    with office.engine.begin() as connection:
        effects = suppression.suppress_subscriber(connection, number, cause, pepper=PEPPER)
        apply_effects(connection, effects, journal, now=office.now)
    return effects.outcome


@pytest.mark.parametrize("reason", [SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT])
def test_whoever_bounced_or_complained_is_withdrawn_from_what_has_not_left(
    office: Office, tmp_path: Path, reason: SuppressionReason
) -> None:
    journal = Journal(tmp_path / "departures.jsonl")
    office.issue(people=3)
    office.freeze()
    number = recipient(office, 2)
    assert report(office, journal, number, reason) == "suppressed"
    assert report(office, journal, number, reason) == "unchanged"
    office.submit()
    with office.engine.connect() as connection:
        person = directory.load(connection, number)
        assert person is not None
        history = [(one.actor, one.words) for one in directory.history(connection, person)]
        states = connection.execute(
            sa.select(deliveries.c.state, deliveries.c.reason).order_by(deliveries.c.seq)
        ).all()
    assert person.address not in office.reached()
    assert len(office.reached()) == 2
    assert tuple(states[1]) == ("withdrawn", f"suppressed:{reason.value}")
    assert ("provider", f"suppressed: reason {reason.value}") in history
    assert [(one.act, one.subscriber_id) for one in journal.entries()] == [("suppressed", number)]


def test_an_event_about_somebody_who_was_erased_changes_nothing(
    office: Office, tmp_path: Path
) -> None:
    journal = Journal(tmp_path / "departures.jsonl")
    assert report(office, journal, 4711, SuppressionReason.BOUNCE) == "unknown"
    assert not list(journal.entries())


@pytest.mark.parametrize(
    ("events", "ends"),
    [
        (("delivered", "bounced", "complained"), "complained"),
        (("complained", "delivered", "bounced"), "complained"),
        (("bounced", "deferred", "delivered"), "bounced"),
        (("deferred", "delivered", "deferred"), "delivered"),
    ],
)
def test_a_delivery_ends_where_its_gravest_event_puts_it(
    events: tuple[str, ...], ends: str
) -> None:
    state = DeliveryState.SUBMITTED
    for event in events:
        state = advance(state, DeliveryState(event))
    assert state == ends
