"""What happens to one person or newsletter leaves the others as they were."""

from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from subscribers import directory, erasure
from subscribers.consent import unsubscribing
from subscribers.consent.unsubscribing import Unsubscribe
from subscribers.journal import Journal, replay
from subscribers.store.tables import audit, subscriptions
from tests.fakes.people import NOW, PEPPER, add_person

LATER = NOW + timedelta(hours=1)


def test_an_erasure_keeps_the_history_of_others(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        ann = add_person(connection, "ann@example.org")
        bob = add_person(connection, "bob@example.org")
        for number in (ann, bob):
            row = {"at": NOW, "actor": "person:kim", "act": "tagged", "subscriber_id": number}
            connection.execute(audit.insert().values(**row, detail={"tags": ["vip"]}))
        person = directory.load(connection, ann)
        assert person is not None
        erasure.erase(connection, person, pepper=PEPPER, actor="person:kim", now=LATER)
        query = sa.select(audit.c.subscriber_id, audit.c.detail).where(audit.c.act == "tagged")
        kept = {row.subscriber_id: row.detail for row in connection.execute(query)}
    assert kept == {ann: {}, bob: {"tags": ["vip"]}}


def test_a_replayed_unsubscribe_ends_only_its_newsletter(engine: sa.Engine, tmp_path: Path) -> None:
    journal = Journal(tmp_path / "departures.jsonl")
    with engine.begin() as connection:
        ann = add_person(connection, "ann@example.org")
        other = {"newsletter": "daily", "subscriber_id": ann, "state": "confirmed", "since": NOW}
        connection.execute(subscriptions.insert().values(other))
    with engine.connect() as connection:
        forgotten = connection.begin()
        request = Unsubscribe("weekly", "one click")
        left = unsubscribing.unsubscribe(connection, ann, request, pepper=PEPPER, now=LATER)
        forgotten.rollback()
    journal.append(left.entries)
    with engine.begin() as connection:
        assert replay(connection, journal, pepper=PEPPER, now=LATER) == 1
        person = directory.require(connection, "ann@example.org")
    states = {each.newsletter: each.state.value for each in person.subscriptions}
    assert states == {"weekly": "unsubscribed", "daily": "confirmed"}
