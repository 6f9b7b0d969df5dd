"""New subscribers get the latest issue right after they confirm, once, and never beside the next."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
import sqlalchemy as sa

from newsletter.send import run
from newsletter.send.run import Route
from newsletter.send.welcome import welcome
from newsletter.store.people import retention
from newsletter.store.sending import batches
from newsletter.store.sending import welcomes as stored
from newsletter.store.tables import deliveries, exclusions, issues, welcomes
from newsletter.usecases import watching
from subscribers.store.tables import consents, subscriptions
from tests.fakes.house import MONDAY
from tests.fakes.issues import NOW, add_issue, add_people, publication
from tests.fakes.memory import MemorySender
from tests.fakes.readers import Reader, mailed

EVE = "eve@example.org"
WEDNESDAY = MONDAY + timedelta(days=2)


@pytest.fixture
def eve(tmp_path: Path) -> Iterator[Reader]:
    """Eve finds a newsletter whose issue of Monday has gone out."""
    with mailed(tmp_path, 'welcome = "latest"') as found:
        found.house.pass_at(MONDAY + timedelta(minutes=1))
        found.house.at = WEDNESDAY
        yield found


def confirm(eve: Reader, **fields: object) -> None:
    eve.sign_up(EVE, **fields)
    assert eve.client.post(eve.link(EVE, "confirm")).status_code == 200


def issues_to(eve: Reader, address: str) -> list[EmailMessage]:
    return [letter for letter in eve.letters(address) if letter["List-ID"] or letter["List-Id"]]


def text(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return body.get_content().lower()


def outcome(eve: Reader) -> list[tuple[int, str]]:
    with eve.house.app.reader.connect() as connection:
        rows = connection.execute(sa.select(welcomes.c.issue_id, welcomes.c.reason))
        return [(row.issue_id, row.reason) for row in rows]


def test_the_latest_issue_follows_the_confirmation_with_the_topics_that_were_chosen(
    eve: Reader,
) -> None:
    confirm(eve, topic=["fish"])
    lines = eve.house.pass_at(WEDNESDAY)
    (letter,) = issues_to(eve, EVE)
    first = text(letter).index("about fish")
    assert first < text(letter).index("about ships")
    for minutes in (1, 2, 60):
        eve.house.pass_at(WEDNESDAY + timedelta(minutes=minutes))
    assert len(issues_to(eve, EVE)) == 1
    assert outcome(eve) == [(1, "")]
    status = watching.status(eve.house.app.context, 1)
    assert (status.state, status.planned, status.submitted) == ("submitted", 4, 4)
    assert not [line for line in lines if line.level]
    with eve.house.app.reader.connect() as connection:
        mine = deliveries.c.subscriber_id == eve.subscriber(EVE)
        assert len(connection.execute(sa.select(deliveries).where(mine)).all()) == 1


def test_who_confirms_after_being_left_out_as_pending_is_an_exclusion_no_more(eve: Reader) -> None:
    dan = "dan@example.org"
    with eve.house.app.reader.connect() as connection:
        left_out = connection.execute(sa.select(exclusions.c.reason)).scalars().all()
    assert left_out == ["pending"]
    eve.sign_up(dan)
    eve.client.post(eve.link(dan, "confirm"))
    eve.house.pass_at(WEDNESDAY)
    assert len(issues_to(eve, dan)) == 1
    assert watching.status(eve.house.app.context, 1).excluded == {}


@pytest.mark.parametrize(("before", "sent"), [(2, 0), (4, 1)])
def test_it_is_never_sent_beside_the_next_issue(eve: Reader, before: int, sent: int) -> None:
    at = MONDAY + timedelta(days=7, hours=-before)
    eve.house.at = at
    confirm(eve)
    eve.house.pass_at(at)
    assert len(issues_to(eve, EVE)) == sent
    assert outcome(eve) == [(1, "" if sent else "the next issue is due soon")]
    eve.house.pass_at(at + timedelta(minutes=30))
    assert len(issues_to(eve, EVE)) == sent


def test_old_and_imported_subscribers_get_none(eve: Reader) -> None:
    eve.house.pass_at(WEDNESDAY)
    assert outcome(eve) == []
    assert len(issues_to(eve, "ann@example.org")) == 1


def test_unsubscribing_and_confirming_again_brings_no_second_copy(eve: Reader) -> None:
    confirm(eve)
    eve.house.pass_at(WEDNESDAY)
    eve.client.post(f"/unsubscribe/{eve.token(EVE)}", data={"scope": "all"})
    eve.house.at = WEDNESDAY + timedelta(days=2)
    eve.client.post(eve.link(EVE, "confirm"))
    eve.house.pass_at(eve.house.at)
    assert eve.state(EVE) == "confirmed"
    assert len(issues_to(eve, EVE)) == 1


def test_the_unique_keys_refuse_a_second_copy(engine: sa.Engine) -> None:
    with engine.begin() as connection:
        add_people(connection, 2)
        issue_id = add_issue(connection)
    sender = MemorySender(max_batch=5, name="outbox")
    assert run.prepare(engine, publication(), issue_id, Route(sender), now=NOW)
    with engine.begin() as connection:
        confirmed = {77: NOW}
        stored.record(connection, "weekly", {77: ""}, issue_id, confirmed, NOW)
        edition = connection.scalar(sa.select(deliveries.c.edition_id).limit(1))
        assert edition is not None
        assert stored.add(connection, issue_id, "outbox", {edition: [77]}, 5) == 3
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        stored.record(connection, "weekly", {77: ""}, issue_id, confirmed, NOW)
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:
        stored.add(connection, issue_id, "outbox", {edition: [77]}, 5)
    newsletter = publication().newsletters[0]
    assert welcome(engine, publication(), newsletter, Route(sender), now=NOW) is None


def test_many_new_subscribers_get_batches_that_the_provider_takes(
    engine: sa.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with engine.begin() as connection:
        add_people(connection, 2)
        issue_id = add_issue(connection)
    route = Route(MemorySender(max_batch=3, name="outbox"))
    assert run.prepare(engine, publication(), issue_id, route, now=NOW)
    later = NOW + timedelta(days=2)
    with engine.begin() as connection:
        add_people(connection, 10, first=11)
        confirm_all(connection, range(11, 21), later)
    monkeypatch.setattr(stored, "AT_ONCE", 7)
    newsletter = publication().newsletters[0]
    sent = []
    while (done := welcome(engine, publication(), newsletter, route, now=later)) is not None:
        sent.append(done.sent)
    assert sent == [7, 3]
    with engine.begin() as connection:
        sizes = [
            batch.last_seq - batch.first_seq + 1 for batch in batches.of_issue(connection, issue_id)
        ]
    assert sizes == [2, 3, 3, 1, 3]


def confirm_all(connection: sa.Connection, people: Iterable[int], at: datetime) -> None:
    """Let subscribers confirm by email at a time."""
    for person in people:
        mine = subscriptions.c.subscriber_id == person
        connection.execute(subscriptions.update().where(mine).values(confirmed_at=at))
        consent = {"subscriber_id": person, "newsletter": "weekly", "act": "confirmed", "at": at}
        connection.execute(consents.insert().values(**consent, source="page"))


def test_a_number_is_not_used_again_after_retention_deleted_the_recipients(
    engine: sa.Engine,
) -> None:
    with engine.begin() as connection:
        add_people(connection, 3)
        issue_id = add_issue(connection)
    route = Route(MemorySender(max_batch=5, name="outbox"))
    assert run.prepare(engine, publication(), issue_id, route, now=NOW)
    with engine.begin() as connection:
        edition = connection.scalar(sa.select(deliveries.c.edition_id).limit(1))
        assert edition is not None
        ended = sa.update(issues).values(state="submitted", submitted_at=NOW)
        connection.execute(ended)
        while retention.purge_deliveries(connection, NOW + timedelta(days=1)):
            pass
        assert connection.scalar(sa.select(sa.func.count()).select_from(deliveries)) == 0
        assert stored.add(connection, issue_id, "outbox", {edition: [77]}, 5) == 4
        assert connection.scalars(sa.select(deliveries.c.seq)).all() == [4]
